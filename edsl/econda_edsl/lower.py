"""A checked program to a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from econda_edsl import plan as p
from econda_edsl import syntax as s
from econda_edsl import types as t
from econda_edsl.check_steps import StepChecks, called_task
from econda_edsl.check_tasks import range_bounds
from econda_edsl.code_files import split_entry
from econda_edsl.constants import Constants
from econda_edsl.declare import Tables, blocks_of
from econda_edsl.digest import environment_key, plan_digest, sha256_hex, task_digest
from econda_edsl.lower_expr import PLAN_CONSTANTS, Lowering
from econda_edsl.lower_steps import StepLowering
from econda_edsl.settings import SettingChecks


@dataclass(slots=True)
class PlanLowering:
    tables: Tables
    constants: Constants
    settings: SettingChecks
    steps: StepChecks
    files: Mapping[str, bytes]

    @property
    def expressions(self) -> Lowering:
        return self.constants.lowering

    def plan(self, d: s.Pipeline, source: p.Source) -> p.Plan:
        """The plan of one pipeline with the tasks, types and environments it uses. Raises `PlanTooLarge`."""
        self.expressions.room = PLAN_CONSTANTS
        names = StepLowering.names_of(d)
        blocks = StepLowering(self.tables, self.expressions, self.settings, self.steps.names, self.steps.binds, names)
        body = blocks.block(d.body)
        used = {name: self.tables.tasks[name] for name in sorted(_tasks_in(d.body, self.tables))}
        packages = {name: self.packages(task) for name, task in used.items()}
        environments = {environment_key(x): p.Environment(packages=tuple(sorted(x))) for x in packages.values() if x}
        code = {path: sha256_hex(data) for path, data in sorted(self.files.items())}
        tasks = {name: self.task(task, packages[name], code) for name, task in used.items()}
        draft = p.Plan(
            plan=p.PLAN_VERSION,
            edition=1,
            name=d.name.text,
            digest="",
            params={f.name.text: self.parameter(f) for f in d.inputs},
            outputs={f.name.text: self.tables.fields[f].label for f in d.outputs},
            body=body,
            returns=blocks.returns(d.body),
            tasks=tasks,
            types=self.types(d, used.values(), body),
            environments=environments,
            settings=self.settings.pipeline(d),
            sources=(source,),
            code=code,
            doc=d.doc,
        )
        digests = {name: task.digest for name, task in tasks.items()}
        return replace(draft, digest=plan_digest(replace(draft, code={}), digests))

    def parameter(self, f: s.Field) -> p.Parameter:
        kind = self.tables.fields[f]
        low, high = range_bounds(f, kind, self.constants)
        return p.Parameter(
            type=kind.label,
            default=None if f.default is None else self.expressions.lower(f.default),
            minimum=low,
            maximum=high,
            doc=f.doc,
        )

    def packages(self, d: s.Task) -> tuple[str, ...]:
        return self.settings.packages(_setting(d.settings, "packages"))

    def task(self, d: s.Task, packages: tuple[str, ...], code: Mapping[str, str]) -> p.Task:
        draft = p.Task(
            digest="",
            inputs={f.name.text: self.parameter(f) for f in d.inputs},
            outputs={f.name.text: self.tables.fields[f].label for f in d.outputs},
            run=self.run(d),
            needs=self.needs(d),
            retry=self.settings.retry(_setting(d.settings, "retry")) or p.Retry(),
            timeout_ms=self.settings.duration(_setting(d.settings, "timeout")),
            checkpoint_ms=self.settings.checkpoint(_setting(d.settings, "checkpoint")),
            env=self.env(d),
            image=self.settings.string(_setting(d.settings, "image")),
            environment=environment_key(packages) if packages else None,
            doc=d.doc,
        )
        return replace(draft, digest=task_digest(draft, code, packages))

    def run(self, d: s.Task) -> p.Run:
        run = d.runs[0]
        if run.language.text == "container":
            assert run.target is not None
            args = _setting(d.settings, "args")
            items = args.value.items if args and isinstance(args.value, s.Items) else ()
            return p.Container(image=run.target.plain or "", args=tuple(self.word(i) for i in items))
        language = "python" if run.language.text == "python" else "shell"
        if run.body is not None:
            return p.Inline(language=language, body=run.body)
        assert run.target is not None
        path, function = split_entry(language, run.target.plain or "")
        return p.Entry(language=language, path=path, function=function)

    def word(self, expr: s.Expr) -> p.Expr:
        """A string expression; artifacts stay values, the worker knows their paths."""
        kind = self.expressions.types.get(expr, t.UNKNOWN)
        return self.expressions.lower(expr) if t.is_artifact(kind) else self.expressions.shown(expr)

    def env(self, d: s.Task) -> dict[str, p.Expr]:
        setting = _setting(d.settings, "env")
        if setting is None or not isinstance(setting.value, s.Fields):
            return {}
        return {name.text: self.expressions.shown(value) for name, value in setting.value.entries}

    def needs(self, d: s.Task) -> p.Needs:
        fields: dict[str, object] = {}
        for setting in d.needs:
            if setting.name.text == "gpu":
                count, kinds = gpu_parts(setting.value)
                fields |= {"gpu": self.expressions.lower(count), "gpu_kinds": kinds}
            else:
                fields[setting.name.text] = self.expressions.lower(setting.value)
        return p.Needs(**fields, where=tuple(self.expressions.lower(w) for w in d.where))  # type: ignore[arg-type]

    def types(self, d: s.Pipeline, tasks: Iterable[s.Task], body: tuple[p.AnyNode, ...]) -> dict[str, dict[str, str]]:
        """The records reachable from a signature of the plan."""
        fields = [f for x in (d, *tasks) for f in (*x.inputs, *x.outputs)]
        open_ = [self.tables.fields[f].label for f in fields]
        open_ += [label for node in body if isinstance(node, p.When) for label in node.binds.values()]
        found: dict[str, dict[str, str]] = {}
        while open_:
            for name in re.findall(r"[A-Z]\w*", re.sub(r'"[^"]*"', "", open_.pop())):
                if name in self.tables.records and name not in found:
                    found[name] = {k: v.label for k, v in self.tables.records[name].fields.items()}
                    open_ += found[name].values()
        return dict(sorted(found.items()))


def gpu_parts(value: s.Expr) -> tuple[s.Expr, tuple[str, ...]]:
    """Count and kinds of a checked `gpu` setting."""
    if not isinstance(value, s.Binary) or value.op != "of":
        return value, ()
    kinds = value.right.items if isinstance(value.right, s.Items) else (value.right,)
    return value.left, tuple(k.name for k in kinds if isinstance(k, s.TypeRef))


def _setting(settings: Iterable[s.Setting], name: str) -> s.Setting | None:
    return next((x for x in settings if x.name.text == name), None)


def _tasks_in(block: s.Block, tables: Tables) -> set[str]:
    found: set[str] = set()
    for step in block.steps:
        if isinstance(step, s.Bind | s.Effect) and (task := called_task(step.expr, tables.tasks)):
            found.add(task.name.text)
        for inner in blocks_of(step):
            found |= _tasks_in(inner, tables)
    return found
