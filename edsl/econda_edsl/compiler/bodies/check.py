"""The code bodies of a module checked: that Python can read them, bind what they promise, and that inputs can be variables."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.bodies.code_files import split_entry
from econda_edsl.compiler.bodies.places import Body, margin_of
from econda_edsl.compiler.bodies.python_code import Code, Unbound, needed_by, places, read_code
from econda_edsl.compiler.bodies.reach import imported
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import did_you_mean

_OF_SHELL = frozenset({"_", "histchars", "auto_resume"})
"""Small names that the shell keeps for itself."""
_MODULES = {"np": "numpy as np", "pd": "pandas as pd", "plt": "matplotlib.pyplot as plt", "tf": "tensorflow as tf",
            "sns": "seaborn as sns", "torch": "torch", "sklearn": "sklearn", "nn": "torch.nn as nn"}  # fmt: skip
"""What people call modules."""
_LINE = re.compile(r"(on line|at line) (\d+)")
_KEPT = frozenset({
    "OUT", "IFS", "PWD", "OLDPWD", "UID", "EUID", "PPID", "BASH", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO", "RANDOM",
    "SECONDS", "LINENO", "OPTIND", "SHLVL", "BASHPID", "FUNCNAME", "GROUPS", "PIPESTATUS", "EPOCHSECONDS",
})  # fmt: skip
"""Variables that econda or the shell itself sets, whatever they were before."""


@dataclass(slots=True)
class BodyChecks:
    """Reports what is wrong with the code of tasks. `lines` are those of their file, `files` those of the bundle."""

    lines: list[str]
    files: Mapping[str, bytes]
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def check(self, d: s.Task) -> None:
        if not d.runs:
            return
        run = d.runs[0]
        language = run.language.text
        if language == "shell":
            self._shell_names(d)
        elif language == "python" and run.body is not None:
            # A name that cannot be one makes code that is no code: said once.
            if not self._names(d):
                self._python(d, body_of(d, run, self.lines))
                self._imports(d, run.language.span, run.body, "")
        elif language == "python" and run.target is not None and run.target.plain is not None:
            self._file(d, run.target, run.target.plain)

    def _report(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))

    def _names(self, d: s.Task) -> bool:
        """Whether an input or output cannot be a variable of Python. Functions may take them by `**`."""
        before = len(self.diagnostics)
        for what, fields in (("input", d.inputs), ("output", d.outputs)):
            for f in fields:
                if keyword.iskeyword(f.name.text):
                    message = f"the {what} `{f.name.text}` cannot be a variable: it is a word of Python"
                    self._report("E1104", message, f.name.span, "cannot be a name", f"call it `{f.name.text}_`")
        return len(self.diagnostics) > before

    def _shell_names(self, d: s.Task) -> None:
        for f in d.inputs:
            if f.name.text in _OF_SHELL:
                message = f"the input `{f.name.text}` cannot be a variable: the shell keeps it for itself"
                self._report("E1104", message, f.name.span, "cannot be a name", "call it `value`")
        inputs = {f.name.text for f in d.inputs}
        for name in _env_names(d):
            if name.text in _KEPT:
                message = f"the variable `{name.text}` cannot be given: {'econda' if name.text == 'OUT' else 'the shell'} sets it"
                self._report("E1104", message, name.span, "is set anew", "give it another name")
            elif name.text in inputs:
                message = f"the variable `{name.text}` is an input as well"
                self._report("E1104", message, name.span, "second meaning", "give it another name")

    def _python(self, d: s.Task, body: Body) -> None:
        code = read_code(body.code)
        if code.problem is not None:
            if any(setting.name.text == "image" for setting in d.settings):
                # Its Python may be a newer one.
                return
            p = code.problem
            span = body.span(p.line, p.column, p.end_line, p.end_column)
            message = _LINE.sub(lambda found: f"{found[1]} {int(found[2]) + body.header}", p.message)
            self._report("E1101", f"the code of `{d.name.text}` is not Python: {message}", span, "here")
            return
        for name in _unbound(d, code, body.code):
            help_ = self._near(name.name, d, code)
            span = body.span(name.line, name.column, name.line, name.column + len(name.name))
            self._report(
                "E1103", f"nothing binds `{name.name}` in the code of `{d.name.text}`", span, "not bound", help_
            )
        for message, span, help_ in self._never_assigned(d, code):
            self._report("E1102", message, span, "never assigned", help_)

    def _imports(self, d: s.Task, span: Span, code: str, path: str) -> None:
        """Report files of the bundle that the code imports and that Python cannot read."""
        if not any(name.endswith(".py") for name in self.files) or any(x.name.text == "image" for x in d.settings):
            return
        for name in imported("python", code, path, self.files):
            if (p := read_code(file_text(self.files[name])).problem) is not None:
                message = f"`{name}`, which `{d.name.text}` imports, is not Python: {p.message} (line {p.line}, column {p.column})"
                self._report("E0210", message, span, "imports it")

    def _call(self, d: s.Task, span: Span, path: str, function: str, text: str) -> None:
        """The inputs of a task are the arguments of its function, by name."""
        given = [f.name.text for f in d.inputs] + (["state"] if d.state else [])
        absent = [name for name in needed_by(text, function) if name not in given]
        if absent:
            what = " and ".join(f"`{name}`" for name in absent)
            help_ = f"declare {what} as an input of the task, or give {'them defaults' if len(absent) > 1 else 'it a default'}"
            self._report(
                "E0302", f"`{function}` of `{path}` needs {what}, which `{d.name.text}` has not", span, "missing", help_
            )

    def _near(self, name: str, d: s.Task, code: Code) -> str:
        if name in _MODULES or name in sys.stdlib_module_names:
            return f"write `import {_MODULES.get(name, name)}`"
        known = [*_given(d), *code.bound]
        inputs = ", ".join(f"`{f.name.text}`" for f in d.inputs)
        return did_you_mean(name, known) or (f"the inputs are {inputs}" if inputs else "the task has no inputs")

    def _never_assigned(self, d: s.Task, code: Code) -> Iterator[tuple[str, Span, str]]:
        if code.hides or not code.returns:
            return
        outputs = {f.name.text for f in d.outputs}
        for f in d.outputs:
            name = f.name.text
            if name in code.bound or name in _given(d):
                continue
            others = sorted(each for each in code.bound - outputs - _given(d) if not each.startswith("_"))
            help_ = did_you_mean(name, others) or f"write `{name} = …` at the margin of the code"
            yield f"the code of `{d.name.text}` never assigns its output `{name}`", f.name.span, help_

    def _file(self, d: s.Task, target: s.Text, entry: str) -> None:
        """A file that is run as it is, or of which a function is called."""
        path, function = split_entry("python", entry)
        if path not in self.files:
            return
        text = file_text(self.files[path])
        code = read_code(text)
        self._imports(d, target.span, text, path)
        if code.problem is not None:
            if function:
                return
            p = code.problem
            message = f"`{path}` is not Python: {p.message} (line {p.line}, column {p.column})"
            self._report("E0210", message, target.span, "cannot be read")
            return
        if function:
            self._call(d, target.span, path, function, text)
            return
        if self._names(d):
            return
        for name in _unbound(d, code, text):
            message = f"nothing binds `{name.name}` in `{path}` (line {name.line}, column {name.column})"
            self._report("E1103", message, target.span, "not bound", self._near(name.name, d, code))
        for message, span, help_ in self._never_assigned(d, code):
            self._report(
                "E1102", message.replace("the code of", f"`{path}`, the code of", 1), span, "never assigned", help_
            )


def body_of(d: s.Task, run: s.Run, lines: list[str], path: str = "") -> Body:
    """The inline code of a task, with its place."""
    assert run.body is not None
    header = run.span.line
    return Body(d.name.text, run.language.text, run.body, header, margin_of(run.body, header, lines), path)


def file_text(data: bytes) -> str:
    """A file of code as text."""
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _unbound(d: s.Task, code: Code, text: str) -> list[Unbound]:
    return [] if code.hides else places(text, code.unbound - _given(d))


def _given(d: s.Task) -> frozenset[str]:
    """The names that a task's code finds bound."""
    return frozenset(f.name.text for f in (*d.inputs, *d.state))


def _env_names(d: s.Task) -> Iterator[s.Name]:
    for setting in d.settings:
        if setting.name.text == "env" and isinstance(setting.value, s.Fields):
            yield from (name for name, _ in setting.value.entries)
