"""A CWL command line tool as a task: Python that puts the command line together and finds the outputs."""

from __future__ import annotations

import re
from typing import Any

from econda_edsl.importing.cwl_documents import kind_of, short
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.literals import NoLiteral, duration_literal, size_literal, text_literal, value_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Inline, Input, TaskText

_REFERENCE = re.compile(r"\$\(inputs\.([A-Za-z_]\w*)(?:\.(path|basename|nameroot))?\)")
_QUIET = ("InlineJavascriptRequirement", "NetworkAccess", "ShellCommandRequirement", "StepInputExpressionRequirement")
_PARTS = {"path": "str({})", "basename": "{}.name", "nameroot": "{}.stem", None: "str({})"}


class Tools:
    """Declarations, one per tool."""

    def __init__(self, gaps: Gaps, names: Names) -> None:
        self.gaps, self.declared, self._names = gaps, [], names

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
                default = value_literal(given.default)
                if kind.rstrip("?") == "Float" and isinstance(given.default, int):
                    default = f"{default}.0"
                if kind.startswith(("File", "Dir")):
                    raise NoLiteral("files have no constants")
            except NoLiteral as error:
                notes.append(self.gaps.of(where, f"the default of `{short(given.id)}`", str(error), "pass it in a run"))
                default = None
        elif kind.endswith("?"):
            default = "none"
        return Input(name, kind, default)

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
        lines = ["import glob", "import pathlib", "import subprocess", ""]
        lines.append(f"argv = {[base] if isinstance(base, str) else list(base)!r}")
        for _, part in sorted(self._parts(tool), key=lambda each: each[0]):
            lines += part
        streams, opened = "", []
        for name, variable, mode in (("stdin", "given", "rb"), ("stdout", "out", "wb"), ("stderr", "err", "wb")):
            path = getattr(tool, name) or (f"{name}.txt" if any(o.type_ == name for o in tool.outputs) else None)
            if path:
                opened.append(f"open({self.python(path)}, {mode!r}) as {variable}")
                streams += f", {name}={variable}"
        run = f"subprocess.run(argv, check=True{streams})"
        lines += [f"with {', '.join(opened)}:", f"    {run}"] if opened else [run]
        for name, output in zip(outputs, tool.outputs):
            lines.append(f"{name} = {self._found(output, tool)}")
        return "\n".join(lines)

    def _parts(self, tool: Any) -> list[tuple[tuple[Any, ...], list[str]]]:
        found = []
        for place, each in enumerate(tool.arguments or []):
            text = each if isinstance(each, str) else each.valueFrom
            at = 0 if isinstance(each, str) else each.position or 0
            prefix = [] if isinstance(each, str) or not each.prefix else [each.prefix]
            found.append(
                ((_position(at), 0, place), [f"argv += [{', '.join([*map(repr, prefix), self.python(text)])}]"])
            )
        for each in tool.inputs:
            if each.inputBinding is not None:
                name = self.inputs[short(each.id)]
                at = _position(each.inputBinding.position or 0)
                found.append(((at, 1, name), self._bound(name, kind_of(each.type_) or "String", each.inputBinding)))
        return found

    def _bound(self, name: str, kind: str, binding: Any) -> list[str]:
        prefix = [] if not binding.prefix else [repr(binding.prefix)]
        if binding.valueFrom is not None:
            lines = [f"argv += [{', '.join([*prefix, self.python(binding.valueFrom)])}]"]
        elif kind.startswith("Bool"):
            return [f"argv += [{', '.join(prefix)}] if {name} else []"]
        elif kind.startswith("List["):
            joined = (
                f"{binding.itemSeparator!r}.join(map(str, {name}))" if binding.itemSeparator else f"*map(str, {name})"
            )
            lines = [f"argv += [{', '.join([*prefix, joined])}]"]
        elif prefix and binding.separate is False:
            lines = [f"argv += [{prefix[0]} + str({name})]"]
        else:
            lines = [f"argv += [{', '.join([*prefix, f'str({name})'])}]"]
        return [f"if {name} is not None:", f"    {lines[0]}"] if kind.endswith("?") else lines

    def _found(self, output: Any, tool: Any) -> str:
        if output.type_ in ("stdout", "stderr"):
            return f"pathlib.Path({self.python(getattr(tool, output.type_) or f'{output.type_}.txt')})"
        binding = output.outputBinding
        if binding is None or not isinstance(binding.glob, str) or binding.outputEval or binding.loadContents:
            note = self.gaps.of(self.where, f"the output `{short(output.id)}`", "only `glob` of one pattern is carried over",
                                "find it in the task's Python")  # fmt: skip
            self.notes.append(note)
            return f"exec({f'raise NotImplementedError({note!r})'!r})"
        matches = f"sorted(map(pathlib.Path, glob.glob({self.python(binding.glob)})))"
        kind = kind_of(output.type_) or ""
        if kind.startswith("List["):
            return matches
        return f"next(iter({matches}), None)" if kind.endswith("?") else f"{matches}[0]"

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


def _position(value: Any) -> int:
    return value if isinstance(value, int) else 0


def doc_of(process: Any) -> str:
    doc = process.doc or process.label or ""
    return doc if isinstance(doc, str) else "\n".join(doc)
