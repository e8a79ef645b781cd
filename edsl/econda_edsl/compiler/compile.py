"""Text in, diagnostics or a plan out: the phases in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.bodies.check import BodyChecks, body_of
from econda_edsl.compiler.bodies.places import Body
from econda_edsl.compiler.check.called import check_circles
from econda_edsl.compiler.check.module import Checked, Parts
from econda_edsl.compiler.check.policies import PolicyChecks
from econda_edsl.compiler.check.ranges import check_fields, check_inputs
from econda_edsl.compiler.check.resources import ResourceChecks
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.check.steps import StepChecks
from econda_edsl.compiler.check.tasks import TaskChecks
from econda_edsl.compiler.expressions.constants import Constants
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.expressions.lower import PLAN_CONSTANTS, Lowering, PlanTooLarge
from econda_edsl.compiler.lower.fit import check_fit
from econda_edsl.compiler.lower.pipeline import PlanLowering
from econda_edsl.compiler.lower.policies import check_bound
from econda_edsl.compiler.modules.load import Unit, load_units
from econda_edsl.compiler.modules.lock import check_lock
from econda_edsl.compiler.parse.layout import SOURCE_BYTES, decode, normalise, too_large
from econda_edsl.compiler.parse.parser import Memo
from econda_edsl.compiler.resolve.cycles import order_blocks, order_lets
from econda_edsl.compiler.resolve.declare import declare
from econda_edsl.compiler.resolve.names import resolve
from econda_edsl.compiler.resolve.structure import check_flow
from econda_edsl.compiler.resolve.tables import Facts, Tables
from econda_edsl.compiler.syntax.steps import calls_in
from econda_edsl.diagnostics import NOWHERE, Diagnostic, in_source_order
from econda_edsl.diagnostics.render import render
from econda_edsl.diagnostics.spelling import bounded, did_you_mean
from econda_edsl.plan import Plan, Source
from econda_edsl.plan.digest import sha256_hex

_ABOUT_FILES = frozenset({"E0209", "E0210", "E1101", "E1102", "E1103", "E1104"})
"""Errors that say nothing against the program itself, but against its files and the code of its tasks."""

__all__ = ["Checked", "Compilation", "compile_source", "examine"]


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of a source: a plan, or the reasons why there is none, in source order.

    A file of declarations for others to import may be right and have no plan: then `library` holds. `imported` are
    the texts of imported files by path. `bodies` are the code bodies of what compiled.
    """

    path: str
    text: str
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    library: bool = False
    imported: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[Body, ...] = ()

    @property
    def ok(self) -> bool:
        return self.plan is not None or self.library

    def render(self, *, color: bool = False) -> str:
        """The diagnostics with carets, at most 20 of them; empty when there are none."""
        return render(self.diagnostics, self.text, self.path, color=color, imported=self.imported)


def compile_source(
    text: str | bytes,
    path: str = "pipeline.edsl",
    *,
    files: Mapping[str, bytes] | None = None,
    pipeline: str | None = None,
    library: bool = False,
) -> Compilation:
    """Compile one file to the plan of one of its pipelines.

    `files` are the other files of the bundle by path; `pipeline` picks one when there are several (otherwise
    the only one, or the one called `main`). With `library`, a file without pipelines is checked and is right.
    Never raises for what a user wrote.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if isinstance(text, bytes):
        source, problems = decode(data)
    elif len(data) > SOURCE_BYTES:
        source, problems = "", [too_large(len(data))]
    else:
        source, problems = normalise(text), []
    if problems:
        return Compilation(path, source, None, in_source_order(problems))
    try:
        checked = examine(source, files or {}, path=path)
        plan, problems = _planned(checked, Source(path=path, sha256=sha256_hex(data)), files or {}, pipeline, library)
    except RecursionError:
        problem = Diagnostic("E0109", "this program is nested too deep", NOWHERE, help="bind parts of it to names")
        return Compilation(path, source, None, (problem,))
    found = in_source_order(problems)
    texts = {m.unit.path: m.unit.text for m in checked.modules.values() if m is not checked}
    bodies = () if problems else _bodies(checked)
    return Compilation(path, source, None if problems else plan, found, plan is None and not problems, texts, bodies)


def _planned(
    checked: Checked, source: Source, files: Mapping[str, bytes], wanted: str | None, library: bool
) -> tuple[Plan | None, list[Diagnostic]]:
    problems = [replace(d, path=m.unit.path) for m in checked.modules.values() if m is not checked for d in m.problems]
    problems += checked.problems
    if any(m.parts is None for m in checked.modules.values()):
        return None, problems
    if library and wanted is None and not checked.tables.pipelines and checked.tables.own:
        return None, problems
    chosen = _choose(checked.tables, wanted, problems)
    if problems or chosen is None:
        return None, problems
    imported = [
        Source(path=m.unit.path, sha256=sha256_hex(files[m.unit.path]))
        for m in checked.modules.values()
        if m.unit.path in files and m is not checked
    ]
    try:
        return PlanLowering(checked, files).plan(chosen, (source, *imported)), problems
    except PlanTooLarge as large:
        message = f"the constants used here make the plan longer than {PLAN_CONSTANTS:,} values"
        help_ = "compute large tables in a task, and pass files"
        return None, [Diagnostic("E0705", message, large.span, "too large", help=help_)]


def examine(text: str, files: Mapping[str, bytes], *, path: str = "pipeline.edsl", memo: Memo | None = None) -> Checked:
    """All phases before the plan, for normalised text. `memo` remembers declarations from one version to the next."""
    facts = Facts()
    modules: dict[str, Checked] = {}
    inference = Inference(Tables())
    units = load_units(path, text, files, memo)
    check_lock(units, files)
    for unit in units:
        modules[unit.path] = checked = _checked(unit, modules, facts, inference, files)
        if unit.mended is not None:
            own = len(unit.diagnostics)
            checked.problems[own:] = unit.mended.credible(checked.problems[own:])
    return checked  # type: ignore[possibly-undefined]


def _checked(
    unit: Unit, modules: dict[str, Checked], facts: Facts, shared: Inference, files: Mapping[str, bytes]
) -> Checked:
    """One module, after those it imports. Types of expressions are shared: a default may be read from elsewhere."""
    problems = list(unit.diagnostics)
    tables, found = declare(unit, {path: m.tables for path, m in modules.items()}, facts)
    problems += found
    names, found = resolve(unit.program, tables)
    problems += found
    own = {name: d for name, d in tables.pipelines.items() if name in tables.own}
    problems += check_flow(own)
    order, found = order_blocks(names)
    lets, cycles = order_lets(tables, names)
    problems += [*found, *cycles, *check_circles(own)]
    inference = Inference(tables, problems, shared.types, words=names.words)
    checked = Checked(unit, tables, names, inference, None, problems, modules)
    if found or cycles:
        return checked
    parts = _parts(checked, order, lets, files)
    _check_declarations(checked, parts, files)
    _check_bodies(checked, files)
    _check_pipelines(own, parts.steps)
    check_fields(parts.constants)
    checked = replace(checked, parts=parts)
    modules[unit.path] = checked
    if all(d.code in _ABOUT_FILES for d in problems):
        check_bound(checked, own.values())
        check_fit(checked)
    return checked


def _parts(
    checked: Checked, order: Mapping[s.Block, tuple[s.Step, ...]], lets: Sequence[str], files: Mapping[str, bytes]
) -> Parts:
    """The checks of a module, its constants computed."""
    unit, tables, inference = checked.unit, checked.tables, checked.inference
    lowering = Lowering(tables, inference.types, words=checked.names.words)
    constants = Constants(inference, lowering)
    for name in tables.lets:
        if name in tables.homes:
            home, there = checked.home(name)
            if home.parts is not None:
                constants.bring(name, home.parts.constants, there)
    for name in tables.pure_functions:
        if name in tables.homes:
            home, there = checked.home(name)
            if home.parts is not None:
                constants.bring_function(name, home.parts.constants, there)
    constants.lets(tables, lets)
    settings = SettingChecks(inference, constants)
    packages = {name: driver.package for name, driver in unit.drivers.items() if driver.package is not None}
    return Parts(
        constants,
        settings,
        StepChecks(inference, constants, settings, checked.names, order, files),
        ResourceChecks(inference, settings, packages),
        PolicyChecks(inference, settings),
    )


@bounded()
def _check_declarations(checked: Checked, parts: Parts, files: Mapping[str, bytes]) -> None:
    """All that a module declares but its pipelines, records first: values given to them lie in their ranges."""
    unit, tables, constants = checked.unit, checked.tables, parts.constants
    for d in unit.program.declarations:
        if isinstance(d, s.Record):
            check_inputs(d.fields, constants)
    for function in tables.functions.values():
        if function.name.text in tables.own:
            check_inputs(function.inputs, constants)
    tasks = TaskChecks(checked.inference, constants, parts.settings, files, package=unit.package is not None)
    for name in tables.own:
        if name in tables.tasks:
            tasks.check(tables.tasks[name])
        elif name in tables.resources:
            parts.resources.check(tables.resources[name])
        elif name in tables.policies:
            parts.policies.check(tables.policies[name])
    parts.policies.cycles({name: d for name, d in tables.policies.items() if name in tables.own})


def _check_bodies(checked: Checked, files: Mapping[str, bytes]) -> None:
    """The code of all tasks that a module declares."""
    unit, tables = checked.unit, checked.tables
    if unit.package is not None:
        return
    bodies = BodyChecks(unit.text.split("\n"), files)
    for name in tables.own:
        if name in tables.tasks:
            bodies.check(tables.tasks[name])
    checked.problems.extend(bodies.diagnostics)


def _bodies(checked: Checked) -> tuple[Body, ...]:
    """The code bodies of a program that is right, each with its place."""
    return tuple(
        body_of(task, run, lines, "" if module is checked else module.unit.path)
        for module in checked.modules.values()
        if module.unit.package is None
        for lines in (module.unit.text.split("\n"),)
        for name, task in module.tables.tasks.items()
        if name in module.tables.own
        for run in task.runs[:1]
        if run.body is not None
    )


@bounded()
def _check_pipelines(own: Mapping[str, s.Pipeline], steps: StepChecks) -> None:
    for d in own.values():
        steps.check(d)


def _choose(tables: Tables, wanted: str | None, problems: list[Diagnostic]) -> s.Pipeline | None:
    pipelines = tables.pipelines
    if wanted is not None:
        if wanted not in pipelines and tables.complete:
            help_ = did_you_mean(wanted, pipelines) or _listed(pipelines)
            problems.append(Diagnostic("E0211", f"there is no pipeline `{wanted}` in this file", NOWHERE, help=help_))
        return pipelines.get(wanted)
    own = {name: d for name, d in pipelines.items() if name in tables.own} or pipelines
    called = {name for d in own.values() for _, name in calls_in(d.body)}
    outermost = [d for name, d in own.items() if name not in called]
    if len(own) == 1 or ("main" not in own and len(outermost) == 1):
        return outermost[0] if outermost else next(iter(own.values()))
    if pipelines and "main" not in pipelines:
        message = f"this file has {len(pipelines)} pipelines, say which one to compile"
        problems.append(Diagnostic("E0211", message, NOWHERE, help=_listed(pipelines) + "; or call one `main`"))
    elif not pipelines and tables.complete:
        help_ = "add `pipeline main():` with steps below"
        problems.append(Diagnostic("E0211", "this file has no pipeline", NOWHERE, help=help_))
    return pipelines.get("main")


def _listed(pipelines: Mapping[str, s.Pipeline]) -> str:
    return "it has " + ", ".join(f"`{name}`" for name in pipelines) if pipelines else "it has no pipeline"
