"""Checked tasks to those of the plan, each in the module that declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace

from econda_edsl import plan as p
from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.bodies.code_files import split_entry
from econda_edsl.compiler.bodies.reach import reached, reached_from
from econda_edsl.compiler.check.bundled_files import MARK
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.lower.in_module import InModule
from econda_edsl.compiler.lower.needs import lower_needs
from econda_edsl.compiler.types import model as t
from econda_edsl.plan.digest import environment_key, task_digest


class TaskLowering(InModule):
    def parameter(self, f: s.Field) -> p.Parameter:
        low, high = self.tables.facts.bounds.get(f, (None, None))
        return p.Parameter(
            type=self.tables.fields[f].label,
            default=self.default(f),
            minimum=low,
            maximum=high,
            doc=f.doc,
        )

    def default(self, f: s.Field) -> p.Expr | None:
        if f in self.tables.facts.bundled:
            name, path = self.tables.facts.bundled[f]
            return {"lit": {MARK: path, "as": name}}
        return None if f.default is None else self.expressions.lower(f.default)

    def task(
        self, d: s.Task, connector: p.Connector | None, code: Mapping[str, str], files: Mapping[str, bytes]
    ) -> tuple[p.Task, tuple[str, ...]]:
        """The task and the packages it asks for. `code` are the hashes of the code files among `files`."""
        packages = self.settings.packages(_setting(d.settings, "packages"))
        checkpoint = self.settings.checkpoint(_setting(d.settings, "checkpoint"))
        key = self.settings.exclusive(_setting(d.settings, "concurrency"), self.tables.inputs(d))
        run = self.run(d, connector)
        reach = _reach(run, {path: files[path] for path in code}) if code else None
        draft = p.Task(
            digest="",
            inputs={f.name.text: self.parameter(f) for f in d.inputs},
            outputs={f.name.text: self.tables.fields[f].label for f in d.outputs},
            run=run,
            needs=self.needs(d),
            retry=self.settings.retry(_setting(d.settings, "retry")) or p.Retry(),
            timeout_ms=self.settings.duration(_setting(d.settings, "timeout")),
            checkpoint_ms=checkpoint.ms,
            checkpoint_bytes=checkpoint.bytes,
            env=self.env(d),
            image=self.settings.string(_setting(d.settings, "image")),
            environment=environment_key(packages) if packages else None,
            cache=self.settings.cache(_setting(d.settings, "cache")),
            version=self.settings.string(_setting(d.settings, "version")),
            own_process=self.settings.own_process(_setting(d.settings, "isolation")),
            state={f.name.text: self.parameter(f) for f in d.state},
            exclusive=None if key is None else self.expressions.lower(key),
            reach=reach,
            doc=d.doc,
        )
        used = code if reach is None else {path: code[path] for path in reach}
        return replace(draft, digest=task_digest(draft, used, packages)), packages

    def run(self, d: s.Task, connector: p.Connector | None) -> p.Run:
        run = d.runs[0]
        if run.language.text == "operator":
            assert self.module.unit.package is not None
            package = self.module.unit.package
            return p.Operator(package=package.name, name=d.name.text, version=package.version, connector=connector)
        if run.language.text == "container":
            assert run.target is not None
            args = _setting(d.settings, "args")
            items = args.value.items if args and isinstance(args.value, s.Items) else ()
            return p.Container(image=run.target.plain or "", args=tuple(self.word(i) for i in items))
        if run.body is not None:
            file = PurePath(self.module.unit.path).name
            return p.Inline(language=run.language.text, body=run.body, file=file, line=run.span.line)  # type: ignore[arg-type]
        assert run.target is not None
        language = "python" if run.language.text == "python" else "shell"
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
        return {name.text: self.variable(value) for name, value in setting.value.entries}

    def variable(self, value: s.Expr) -> p.Expr:
        """A text, or where the worker finds a secret: the plan never holds the secret itself."""
        if isinstance(value, s.Ref) and value.name in self.tables.resources:
            return {"secret": secret_of(self.module, value.name)}
        return self.expressions.shown(value)

    def needs(self, d: s.Task) -> p.Needs:
        needs, kinds = lower_needs(d.needs, self.expressions.lower)
        return p.Needs(**needs, gpu_kinds=kinds, where=tuple(self.expressions.lower(w) for w in d.where))


def _reach(run: p.Run, files: Mapping[str, bytes]) -> tuple[str, ...] | None:
    match run:
        case p.Inline(language=language, body=body):
            return reached(language, body, files)
        case p.Entry(language=language, path=path):
            return reached_from(language, path, files)
        case _:
            return ()


def secret_of(module: Checked, name: str) -> dict[str, Any]:
    """Driver and settings of a secret, by the name it has in a module."""
    home, there = module.home(name)
    assert home.parts is not None
    return home.parts.resources.secrets[there]


def _setting(settings: Iterable[s.Setting], name: str) -> s.Setting | None:
    return next((x for x in settings if x.name.text == name), None)
