"""Tasks checked: inputs, needs, settings, and what they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.bodies.code_files import check_entry
from econda_edsl.compiler.check.ranges import check_inputs
from econda_edsl.compiler.check.settings import SettingChecks
from econda_edsl.compiler.expressions.constants import Constants
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.entities import NODE
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.plan import Cache
from econda_edsl.words import prelude

NEED_TYPES = {name: t.BUILTIN[label] for name, label in prelude.NEEDS.items()}
_LANGUAGES = ("shell", "python", "r", "julia", "container")
_INLINE_ONLY = frozenset({"r", "julia"})
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")


@dataclass(slots=True)
class TaskChecks:
    inference: Inference
    constants: Constants
    settings: SettingChecks
    files: Mapping[str, bytes]
    package: bool = False

    def check(self, d: s.Task) -> None:
        scope = {**self.inference.tables.inputs(d), "attempt": t.INT}
        check_inputs(d.inputs, self.constants)
        check_inputs(d.state, self.constants)
        self.needs(d, scope)
        found = self.settings.known(d.settings, "task", prelude.TASK)
        self.settings.string(found.get("image"))
        self.settings.packages(found.get("packages"))
        self.settings.retry(found.get("retry"))
        self.settings.duration(found.get("timeout"))
        self.settings.checkpoint(found.get("checkpoint"))
        self.settings.string(found.get("version"))
        self.settings.exclusive(found.get("concurrency"), self.inference.tables.inputs(d))
        self.settings.own_process(found.get("isolation"))
        cache = self.settings.cache(found.get("cache"))
        if d.operator:
            self.operator(d, found, cache)
        if "env" in found:
            self.env(found["env"], scope)
        if "args" in found:
            self.args(found["args"], scope)
        self.run(d, found)

    def operator(self, d: s.Task, found: dict[str, s.Setting], cache: Cache | None) -> None:
        """What an operator's state asks for: starts, and no result that would skip it."""
        for f in d.state:
            if f.default is None:
                help_ = f"write `{f.name.text}: {self.inference.tables.fields[f].label} = <start>`"
                self.inference.report("E0510", f"the state `{f.name.text}` has no start", f.name.span, "no `=`", help_)
            if any(f.name.text == other.name.text for other in d.inputs):
                message = f"`{f.name.text}` is an input and a state"
                self.inference.report("E0203", message, f.name.span, "second meaning", "rename one of them")
        if d.state and d.runs and d.runs[0].language.text != "python":
            help_ = 'write `run python:`, or `run python "file.py:function"` with a parameter `state`'
            message = "the state of an operator is kept by Python"
            self.inference.report("E0509", message, d.runs[0].span, "keeps no state", help_)
        for f in d.inputs:
            if f.name.text == "state":
                message = "`state` is what functions of an operator are given"
                self.inference.report("E0207", message, f.name.span, "cannot be an input", "rename it")
        if d.state and cache is not None and cache.use:
            message = "an operator with state is not cached: equal inputs do not mean equal results"
            self.inference.report("E0511", message, found["cache"].span, "skips the state", "remove it")

    def needs(self, d: s.Task, scope: dict[str, t.Type]) -> None:
        for name, setting in self.settings.known(d.needs, "needs", prelude.NEEDS).items():
            if name == "gpu":
                self.settings.gpu(setting.value, scope)
            else:
                self.inference.require(setting.value, NEED_TYPES[name], scope, f"`{name}`")
            self.settings.need(setting)
        for test in d.where:
            self.inference.test(test, {**scope, "node": NODE}, "a `where` line")

    def secret(self, value: s.Expr) -> bool:
        """Whether a value of `env` is the name of a secret, which may stand there."""
        resource = self.inference.tables.resources.get(value.name) if isinstance(value, s.Ref) else None
        return resource is not None and resource.kind == "secret"

    def env(self, setting: s.Setting, scope: dict[str, t.Type]) -> None:
        if not isinstance(setting.value, s.Fields):
            help_ = 'for example `env = {MODE: "fast"}`'
            self.inference.report("E0301", "`env` is a record of strings", setting.value.span, "not a record", help_)
            return
        seen: set[str] = set()
        for name, value in setting.value.entries:
            if name.text in seen:
                self.inference.report("E0203", f"`{name.text}` is given twice", name.span, "second value")
            seen.add(name.text)
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.text):
                self.inference.report("E0317", f"`{name.text}` is not a name of a variable", name.span, "not a name")
            if not self.secret(value):
                self.word(value, self.inference.infer(value, scope), f"`{name.text}`", artifacts=False)

    def args(self, setting: s.Setting, scope: dict[str, t.Type]) -> None:
        if not isinstance(setting.value, s.Items):
            help_ = 'for example `args = ["--rate", "{rate}"]`'
            self.inference.report(
                "E0301", "`args` is a list, one element each", setting.value.span, "not a list", help_
            )
            return
        for item in setting.value.items:
            self.word(item, self.inference.infer(item, scope), "an element of `args`", artifacts=True)
        self.inference.types[setting.value] = t.list_of(t.STRING)

    def word(self, expr: s.Expr, found: t.Type, what: str, *, artifacts: bool) -> None:
        """A value that becomes one word of the environment or the command line."""
        if not found.known or t.assignable(found, t.STRING) or found == t.INT or found == t.FLOAT or found == t.BOOL:
            return
        if artifacts and t.is_artifact(found):
            return
        help_ = 'put it into a string: `"{x}"`'
        self.inference.report(
            "E0301", f"{what} is String, not {found.label}", expr.span, f"this is {found.label}", help_
        )

    def run(self, d: s.Task, found: dict[str, s.Setting]) -> None:
        if not d.runs:
            help_ = "add `run shell:` or `run python:` with indented code below"
            self.inference.report("E0509", f"`{d.name.text}` runs nothing", d.name.span, "no `run`", help_)
            return
        for extra in d.runs[1:]:
            line = d.runs[0].span.line
            self.inference.report("E0509", "a second `run`", extra.span, f"the first is on line {line}")
        run = d.runs[0]
        language = run.language.text
        if self.package and language in ("operator", "function"):
            return
        if language in _INLINE_ONLY and run.target is not None:
            help_ = f"write `run {language}:` with the code below, which may source the file"
            self.inference.report("E0509", f"`run {language}` takes no file", run.target.span, "not here", help_)
        elif language not in _LANGUAGES:
            self.unknown_language(run)
            return
        if "args" in found and language != "container":
            help_ = "inputs reach code as variables"
            self.inference.report("E0204", "`args` belongs to `run container`", found["args"].span, "not here", help_)
        if language == "container":
            self.container(run, found)
        elif run.target is not None:
            if run.target.plain is None:
                self.inference.report("E0308", "the file of a task is a constant", run.target.span, "interpolated")
            else:
                check_entry(self.inference, run, self.files)

    def container(self, run: s.Run, found: dict[str, s.Setting]) -> None:
        if run.target is None:
            help_ = 'write `run container "image"` and `args = [...]`'
            self.inference.report("E0509", "a container has no code body", run.span, "inline code", help_)
            return
        image = run.target.plain
        if image is None or not _IMAGE.fullmatch(image):
            self.inference.report("E0308", "the image of a container is a constant name", run.target.span, "not a name")
        if "image" in found:
            help_ = "name the image once, after `run container`"
            self.inference.report("E0208", "the image is given twice", found["image"].span, "second image", help_)
        if "packages" in found:
            help_ = "build the packages into the image"
            self.inference.report("E0204", "a container takes no `packages`", found["packages"].span, "not here", help_)

    def unknown_language(self, run: s.Run) -> None:
        name = run.language.text
        help_ = did_you_mean(name, _LANGUAGES) or "known: " + ", ".join(_LANGUAGES)
        if name in ("bash", "sh", "zsh"):
            help_ = "did you mean `shell`?"
        self.inference.report("E0204", f"`run {name}` is not known", run.language.span, "not a language", help_)
