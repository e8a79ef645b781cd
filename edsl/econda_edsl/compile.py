"""Text in, diagnostics or a plan out: the phases in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from econda_edsl import syntax as s
from econda_edsl.check_steps import StepChecks
from econda_edsl.check_tasks import TaskChecks, check_inputs
from econda_edsl.constants import Constants
from econda_edsl.declare import Tables, declare
from econda_edsl.diagnostics import NOWHERE, Diagnostic, in_source_order
from econda_edsl.digest import sha256_hex
from econda_edsl.flow import check_flow
from econda_edsl.infer import Inference
from econda_edsl.layout import SOURCE_BYTES, Layout, decode, lay_out, normalise, too_large
from econda_edsl.lower import PlanLowering
from econda_edsl.lower_expr import PLAN_CONSTANTS, Lowering, PlanTooLarge
from econda_edsl.names import resolve
from econda_edsl.order import order_blocks, order_lets
from econda_edsl.parse import Memo, Parsed, parse
from econda_edsl.plan import Plan, Source
from econda_edsl.render import render
from econda_edsl.scopes import Names
from econda_edsl.settings import SettingChecks
from econda_edsl.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of a source: a plan, or the reasons why there is none, in source order."""

    path: str
    text: str
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        return self.plan is not None

    def render(self, *, color: bool = False) -> str:
        """The diagnostics with carets, at most 20 of them; empty when there are none."""
        return render(self.diagnostics, self.text, self.path, color=color)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the phases before the plan learned of a text, right or wrong: tools read names and types from it.

    `steps` is None when steps or constants wait for each other in a circle, so that no types were inferred.
    """

    layout: Layout
    parsed: Parsed
    tables: Tables
    names: Names
    inference: Inference
    steps: StepChecks | None
    problems: list[Diagnostic]


def compile_source(
    text: str | bytes,
    path: str = "pipeline.edsl",
    *,
    files: Mapping[str, bytes] | None = None,
    pipeline: str | None = None,
) -> Compilation:
    """Compile one file to the plan of one of its pipelines.

    `files` are the code files of the bundle by path; `pipeline` picks one when there are several (otherwise
    the only one, or the one called `main`). Never raises for what a user wrote.
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
        plan, problems = _phases(source, Source(path=path, sha256=sha256_hex(data)), files or {}, pipeline)
    except RecursionError:
        problem = Diagnostic("E0109", "this program is nested too deep", NOWHERE, help="bind parts of it to names")
        plan, problems = None, [problem]
    return Compilation(path, source, None if problems else plan, in_source_order(problems))


def _phases(
    text: str, source: Source, files: Mapping[str, bytes], wanted: str | None
) -> tuple[Plan | None, list[Diagnostic]]:
    checked = examine(text, files)
    problems, steps = checked.problems, checked.steps
    if steps is None:
        return None, problems
    tables = checked.tables
    chosen = _choose(tables, wanted, problems)
    if problems or chosen is None:
        return None, problems
    try:
        return PlanLowering(tables, steps.constants, steps.settings, steps, files).plan(chosen, source), problems
    except PlanTooLarge as large:
        message = f"the constants used here make the plan longer than {PLAN_CONSTANTS:,} values"
        help_ = "compute large tables in a task, and pass files"
        return None, [Diagnostic("E0705", message, large.span, "too large", help=help_)]


def examine(text: str, files: Mapping[str, bytes], *, memo: Memo | None = None) -> Checked:
    """All phases before the plan, for normalised text. `memo` remembers declarations from one version to the next."""
    layout, problems = lay_out(text)
    parsed, found = parse(layout, memo)
    problems += found
    tables, found = declare(parsed.program, complete=parsed.complete)
    problems += found
    names, found = resolve(parsed.program, tables)
    problems += found
    problems += check_flow(tables)
    inference = Inference(tables, problems)
    order, found = order_blocks(names)
    lets, cycles = order_lets(tables, names)
    problems += [*found, *cycles]
    if found or cycles:
        return Checked(layout, parsed, tables, names, inference, None, problems)
    constants = Constants(inference, Lowering(tables, inference.types))
    constants.lets(tables, lets)
    settings = SettingChecks(inference, constants)
    for record in tables.record_syntax.values():
        check_inputs(record.fields, constants)
    tasks = TaskChecks(inference, constants, settings, files)
    for task in tables.tasks.values():
        tasks.check(task)
    steps = StepChecks(inference, constants, settings, names, order)
    for d in tables.pipelines.values():
        steps.check(d)
    return Checked(layout, parsed, tables, names, inference, steps, problems)


def _choose(tables: Tables, wanted: str | None, problems: list[Diagnostic]) -> s.Pipeline | None:
    pipelines = tables.pipelines
    if wanted is not None:
        if wanted not in pipelines and tables.complete:
            help_ = did_you_mean(wanted, pipelines) or _listed(pipelines)
            problems.append(Diagnostic("E0211", f"there is no pipeline `{wanted}` in this file", NOWHERE, help=help_))
        return pipelines.get(wanted)
    if len(pipelines) == 1:
        return next(iter(pipelines.values()))
    if pipelines and "main" not in pipelines:
        message = f"this file has {len(pipelines)} pipelines, say which one to compile"
        problems.append(Diagnostic("E0211", message, NOWHERE, help=_listed(pipelines) + "; or call one `main`"))
    elif not pipelines and tables.complete:
        help_ = "add `pipeline main():` with steps below"
        problems.append(Diagnostic("E0211", "this file has no pipeline", NOWHERE, help=help_))
    return pipelines.get("main")


def _listed(pipelines: Mapping[str, s.Pipeline]) -> str:
    return "it has " + ", ".join(f"`{name}`" for name in pipelines) if pipelines else "it has no pipeline"
