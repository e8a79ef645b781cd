"""A CWL command line tool as a task: Python that puts the command line together and finds the outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from econda_edsl.importing.cwl.documents import beside, kind_of, short
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.literals import NoLiteral, duration_literal, size_literal, text_literal, value_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Inline, Input, TaskText

_REFERENCE = re.compile(r"\$\(inputs\.([A-Za-z_]\w*)(?:\.(path|basename|nameroot))?\)")
_QUIET = ("InlineJavascriptRequirement", "NetworkAccess", "ShellCommandRequirement", "StepInputExpressionRequirement")
_PARTS = {"path": "str({})", "basename": "{}.name", "nameroot": "{}.stem", None: "str({})"}


class Tools:
    """Declarations, one per tool."""

    def __init__(self, gaps: Gaps, names: Names, path: str) -> None:
        self.gaps, self.declared, self._names, self._path = gaps, [], names, path
        self.files: dict[str, bytes] = {}
        """Files that defaults name; they lie beside the program."""

    def tool(self, tool: Any, wanted: str, where: str) -> tuple[TaskText, dict[str, str]]:
        """The task of a tool, and the names of its inputs by those of CWL."""
        names = Names(["argv", "subprocess", "glob", "pathlib", "out", "err"])
        inputs = {short(each.id): names.keep(short(each.id), "input") for each in tool.inputs}
        notes: list[str] = []
        task = TaskText(self._names.take(wanted, "tool"), Inline("python", ""), notes=notes, doc=doc_of(tool))
        task.inputs = [self.input(each, inputs[short(each.id)], where, notes) for each in tool.inputs]
        for each in [*(tool.requirements or []), *(tool.hints or [])]:
            self._requirement(each, task, where, notes)
        body = _Body(self.gaps, where, inputs, notes)
        outputs = Names()
        task.outputs = [
            (outputs.keep(short(each.id), "output"), self._kind(each, where, notes)) for each in tool.outputs
        ]
        task.run = Inline("python", body.of(tool, [name for name, _ in task.outputs]))
        self.declared.append(task)
        return task, inputs

    def undone(self, process: Any, wanted: str, where: str) -> tuple[TaskText, dict[str, str]]:
        """What is no command line tool: a task that fails until it is written."""
        kind = type(process).__name__
        note = self.gaps.of(where, f"the {kind}", "expressions are not executed", "write it as Python in the task")
        names = Names()
        inputs = {short(each.id): names.keep(short(each.id), "input") for each in process.inputs}
        notes = [note]
        task = TaskText(
            self._names.take(wanted, "tool"), Inline("python", f"raise NotImplementedError({note!r})"), notes=notes
        )
        task.inputs = [self.input(each, inputs[short(each.id)], where, notes) for each in process.inputs]
        task.outputs = [(Names().keep(short(each.id)), self._kind(each, where, notes)) for each in process.outputs]
        self.declared.append(task)
        return task, inputs

    def input(self, given: Any, name: str, where: str, notes: list[str]) -> Input:
        """An input of a tool or workflow."""
        kind = self._kind(given, where, notes)
        default = None
        if given.default is not None:
            try:
                default = self._file(given.default) if kind.rstrip("?") == "File" else value_literal(given.default)
                if kind.rstrip("?") == "Float" and isinstance(given.default, int):
                    default = f"{default}.0"
                if kind.startswith("Dir"):
                    raise NoLiteral("folders have no constants")
            except NoLiteral as error:
                notes.append(self.gaps.of(where, f"the default of `{short(given.id)}`", str(error), "pass it in a run"))
                default = None
        elif kind.endswith("?"):
            default = "none"
        return Input(name, kind, default)

    def _file(self, given: Any) -> str:
        """A default file, which travels with the program. Raises `NoLiteral`."""
        location = getattr(given, "location", None) or getattr(given, "path", None)
        if not isinstance(location, str) or getattr(given, "secondaryFiles", None):
            raise NoLiteral("only a file of the folder can be a default")
        file = beside(location, Path(self._path).resolve().parent, self._path)
        self.files[file.name] = file.read_bytes()
        return f"file({text_literal(file.name)})"

    def _kind(self, given: Any, where: str, notes: list[str]) -> str:
        kind = kind_of(given.type_)
        if getattr(given, "secondaryFiles", None):
            notes.append(self.gaps.of(where, f"secondaryFiles of `{short(given.id)}`", "a File is one file",
                                      "use a Dir for files that belong together"))  # fmt: skip
        if kind is None:
            notes.append(
                self.gaps.of(where, f"the type of `{short(given.id)}`", "it has no counterpart", "String is assumed")
            )
        return kind or "String"

    def _requirement(self, each: Any, task: TaskText, where: str, notes: list[str]) -> None:
        # Hints that CWL does not know stay plain data.
        name = type(each).__name__ if hasattr(each, "class_") else str(each["class"])
        match name:
            case "DockerRequirement" if each.dockerPull:
                task.settings["image"] = text_literal(each.dockerPull)
                notes.append(self.gaps.of(where, f"the image {each.dockerPull}", "it is asked for, but must have econda's "
                                          "worker in it", "build one upon it, or use `packages`"))  # fmt: skip
            case "ResourceRequirement":
                self._resources(each, task, where)
            case "EnvVarRequirement":
                for variable in each.envDef:
                    if "$(" in variable.envValue or "${" in variable.envValue:
                        notes.append(self.gaps.of(where, f"the variable {variable.envName}", "expressions are not executed",
                                                  "write it into `env`"))  # fmt: skip
                plain = {
                    v.envName: v.envValue for v in each.envDef if "$(" not in v.envValue and "${" not in v.envValue
                }
                task.settings |= {"env": value_literal(plain)} if plain else {}
            case "ToolTimeLimit" if isinstance(each.timelimit, int) and each.timelimit > 0:
                task.settings["timeout"] = duration_literal(each.timelimit * 1000)
            case _ if name not in _QUIET:
                notes.append(self.gaps.of(where, name, "the language has nothing like it", "see docs/import.md"))

    def _resources(self, each: Any, task: TaskText, where: str) -> None:
        disk = [v for v in (each.tmpdirMin, each.outdirMin) if v is not None]
        found = {"cpu": each.coresMin or each.coresMax, "memory": each.ramMin or each.ramMax, "disk": sum(disk) if disk and all(
            isinstance(v, int | float) for v in disk) else (disk or [None])[0]}  # fmt: skip
        for name, value in found.items():
            if isinstance(value, str):
                self.gaps.of(
                    where, f"the expression for {name}", "expressions are not executed", f"write `{name}` in `needs`"
                )
            elif value is not None:
                task.needs[name] = f"{value:g}" if name == "cpu" else size_literal(value * 2**20)


class _Body:
    """The Python of a tool."""

    def __init__(self, gaps: Gaps, where: str, inputs: dict[str, str], notes: list[str]) -> None:
        self.gaps, self.where, self.inputs, self.notes = gaps, where, inputs, notes

    def of(self, tool: Any, outputs: list[str]) -> str:
        base = tool.baseCommand or []
        shell = any(type(each).__name__ == "ShellCommandRequirement" for each in tool.requirements or [])
        lines = ["import glob", "import pathlib", "import subprocess", *(["import shlex"] if shell else []), ""]
        command = [base] if isinstance(base, str) else list(base)
        quoted = ", ".join(f"shlex.quote({each!r})" for each in command) if shell else ", ".join(map(repr, command))
        lines.append(f"argv = [{quoted}]")
        for _, part in sorted(self._parts(tool, shell), key=lambda each: each[0]):
            lines += part
        lines += self._run(tool, shell)
        found = [line for name, output in zip(outputs, tool.outputs) for line in self._found(name, output, tool)]
        if found:
            named = {short(each.id): name for name, each in zip(outputs, tool.outputs)}
            lines += [*_TOLD.format(names=named).splitlines(), "else:", *(f"    {line}" for line in found)]
        text = "\n".join(lines)
        return _DECIMAL + text if "decimal(" in text else text

    def _run(self, tool: Any, shell: bool) -> list[str]:
        streams, opened = "", []
        for name, variable, mode in (("stdin", "given", "rb"), ("stdout", "out", "wb"), ("stderr", "err", "wb")):
            path = getattr(tool, name) or (f"{name}.txt" if any(o.type_ == name for o in tool.outputs) else None)
            if path:
                opened.append(f"open({self.python(path)}, {mode!r}) as {variable}")
                streams += f", {name}={variable}"
        command = '["/bin/sh", "-c", " ".join(argv)]' if shell else "argv"
        good = sorted(set(tool.successCodes or [])) or [0]
        if good == [0]:
            run = [f"subprocess.run({command}, check=True{streams})"]
        else:
            run = [f"code = subprocess.run({command}, check=False{streams}).returncode"]
        lines = [f"with {', '.join(opened)}:", *(f"    {each}" for each in run)] if opened else run
        if good != [0]:
            lines += [f"if code not in {good}:", '    raise SystemExit(f"exit code {code}")']
        return lines

    def _parts(self, tool: Any, shell: bool) -> list[tuple[tuple[Any, ...], list[str]]]:
        found = []
        for place, each in enumerate(tool.arguments or []):
            text = each if isinstance(each, str) else each.valueFrom
            at = 0 if isinstance(each, str) else each.position or 0
            prefix = [] if isinstance(each, str) or not each.prefix else [repr(each.prefix)]
            value = self.python(text)
            if prefix and not isinstance(each, str) and each.separate is False:
                prefix, value = [], f"{prefix[0]} + {value}"
            plain = isinstance(each, str) or each.shellQuote is not False
            found.append(((_position(at), 0, place), [_append([*prefix, value], shell and plain)]))
        for each in tool.inputs:
            name, inner = self.inputs[short(each.id)], _items_binding(each.type_)
            if each.inputBinding is None and inner is None:
                continue
            binding = each.inputBinding
            at = _position(binding.position or 0) if binding is not None else 0
            plain = shell and (binding is None or binding.shellQuote is not False)
            found.append(((at, 1, name), self._bound(name, kind_of(each.type_) or "String", binding, inner, plain)))
        return found

    def _bound(self, name: str, kind: str, binding: Any, inner: Any, quoted: bool) -> list[str]:
        prefix = [repr(binding.prefix)] if binding is not None and binding.prefix else []
        joined = bool(prefix) and getattr(binding, "separate", None) is False
        if binding is not None and binding.valueFrom is not None:
            value = self.python(binding.valueFrom)
            lines = [_append([f"{prefix[0]} + {value}"] if joined else [*prefix, value], quoted)]
        elif kind.startswith("Bool"):
            return [f"if {name}:", f"    {_append(prefix, quoted)}"] if prefix else []
        elif kind.startswith("List["):
            return [f"if {name}:", *(f"    {each}" for each in self._list(name, kind, binding, inner, quoted))]
        else:
            value = _shown(kind, name)
            lines = [_append([f"{prefix[0]} + {value}"] if joined else [*prefix, value], quoted)]
        return [f"if {name} is not None:", *(f"    {each}" for each in lines)] if kind.endswith("?") else lines

    def _list(self, name: str, kind: str, binding: Any, inner: Any, quoted: bool) -> list[str]:
        """An array that has members: its prefix once, then each as it is bound itself; or all in one word."""
        element = _shown(kind.rstrip("?")[5:-1], "each")
        prefix = [repr(binding.prefix)] if binding is not None and binding.prefix else []
        if binding is not None and binding.itemSeparator:
            value = f"{binding.itemSeparator!r}.join({element} for each in {name})"
            return [
                _append(
                    [f"{prefix[0]} + {value}"] if prefix and binding.separate is False else [*prefix, value], quoted
                )
            ]
        own = [repr(inner.prefix)] if inner is not None and inner.prefix else []
        each = [f"{own[0]} + {element}"] if own and getattr(inner, "separate", None) is False else [*own, element]
        lines = [_append(prefix, quoted)] if prefix else []
        if kind.rstrip("?") == "List[Bool]":
            return [
                *lines,
                f"for each in {name}:",
                "    if each:",
                f"        {_append(own, quoted) if own else 'pass'}",
            ]
        return [*lines, f"for each in {name}:", f"    {_append(each, quoted)}"]

    def _found(self, name: str, output: Any, tool: Any) -> list[str]:
        if output.type_ in ("stdout", "stderr"):
            return [f"{name} = pathlib.Path({self.python(getattr(tool, output.type_) or f'{output.type_}.txt')})"]
        binding = output.outputBinding
        if binding is None and output.type_ not in ("stdout", "stderr"):
            return self._untold(name, output)
        if binding is None or not isinstance(binding.glob, str) or binding.outputEval or binding.loadContents:
            note = self.gaps.of(self.where, f"the output `{short(output.id)}`", "only `glob` of one pattern is carried over",
                                "find it in the task's Python")  # fmt: skip
            self.notes.append(note)
            return [f"{name} = exec({f'raise NotImplementedError({note!r})'!r})"]
        pattern, kind = self.python(binding.glob), kind_of(output.type_) or ""
        lines = [f"{name} = sorted(map(pathlib.Path, glob.glob({pattern})))"]
        if kind.startswith("List["):
            return lines
        # One file means one: to take the first of several would be a guess.
        lines += [
            f"if len({name}) > 1:",
            f'    raise SystemExit(f"output {short(output.id)}: {{len({name})}} files match {{{pattern}}}")',
        ]
        if kind.endswith("?"):
            return [*lines, f"{name} = {name}[0] if {name} else None"]
        return [
            *lines,
            f"if not {name}:",
            f'    raise SystemExit(f"output {short(output.id)}: no file matches {{{pattern}}}")',
            f"{name} = {name}[0]",
        ]

    def _untold(self, name: str, output: Any) -> list[str]:
        """An output that nothing finds: only `cwl.output.json` may tell it."""
        if (kind_of(output.type_) or "").endswith("?"):
            return [f"{name} = None"]
        return [
            f'raise SystemExit("output {short(output.id)}: the tool wrote no cwl.output.json, and nothing else says what it is")'
        ]

    def python(self, text: Any) -> str:
        """Text with references to inputs as a Python expression."""
        parts, position = [], 0
        for match in _REFERENCE.finditer(str(text)):
            if match[1] in self.inputs:
                parts += [repr(str(text)[position : match.start()])] if match.start() > position else []
                parts.append(_PARTS[match[2]].format(self.inputs[match[1]]))
                position = match.end()
        rest = str(text)[position:]
        parts += [repr(rest)] if rest or not parts else []
        if "$(" in rest or "${" in rest or any("$(" in part or "${" in part for part in parts):
            note = self.gaps.of(self.where, f"the expression {text!s:.80}", "expressions are not executed",
                                "compute it in the task's Python")  # fmt: skip
            self.notes.append(note)
        return " + ".join(parts)


_DECIMAL = """from decimal import Decimal

def decimal(number):
    return format(Decimal(repr(number)), "f")

"""
"""Numbers on a command line have no exponent (CWL 1.2, 4.1)."""


_TOLD = """if pathlib.Path("cwl.output.json").exists():
    import json

    def _value(each):
        if isinstance(each, list):
            return [_value(one) for one in each]
        if isinstance(each, dict) and each.get("class") in ("File", "Directory"):
            return pathlib.Path((each.get("path") or each["location"]).removeprefix("file://"))
        return {{name: _value(one) for name, one in each.items()}} if isinstance(each, dict) else each

    _told = json.loads(pathlib.Path("cwl.output.json").read_text())
    globals().update({{name: _value(_told.get(key)) for key, name in {names}.items()}})"""
"""A tool may say its outputs itself (CWL 1.2, 5.3)."""


def _append(values: list[str], quoted: bool) -> str:
    return f"argv += [{', '.join(f'shlex.quote({each})' if quoted else each for each in values)}]"


def _shown(kind: str, name: str) -> str:
    """A value as a word of the command line."""
    return f"decimal({name})" if kind.rstrip("?") == "Float" else f"str({name})"


def _items_binding(type_: Any) -> Any:
    """How the members of an array are bound, if that is said."""
    if isinstance(type_, list):
        return next((found for each in type_ if (found := _items_binding(each)) is not None), None)
    return getattr(type_, "inputBinding", None) if getattr(type_, "type_", None) == "array" else None


def _position(value: Any) -> int:
    return value if isinstance(value, int) else 0


def doc_of(process: Any) -> str:
    doc = process.doc or process.label or ""
    return doc if isinstance(doc, str) else "\n".join(doc)
