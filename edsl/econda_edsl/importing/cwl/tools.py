"""A CWL tool as a task: its document, and what puts the command line together and finds the outputs while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_edsl.importing.cwl.documents import beside, short
from econda_edsl.importing.cwl.kinds import Kinds
from econda_edsl.importing.cwl.requirements import Around, class_of
from econda_edsl.importing.cwl.runtime.expressions import needs_javascript
from econda_edsl.importing.cwl.tool_bodies import CARRIED, runtime_files, step_body, tool_body, tool_document
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.literals import (
    NoLiteral,
    duration_literal,
    size_literal,
    text_literal,
    value_literal,
)
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Inline, Input, TaskText

JAVASCRIPT = "quickjs==1.19.4"
"""What evaluates JavaScript while a tool runs: QuickJS, small and without a process of its own; limits hold in it."""


class Tools:
    """Declarations, one per tool."""

    def __init__(self, gaps: Gaps, names: Names, path: str) -> None:
        self.gaps, self.declared, self._names, self._path = gaps, [], names, path
        self.kinds = Kinds()
        self.files: dict[str, bytes] = {}
        """Files that defaults name; they lie beside the program."""
        self.brought: dict[tuple[str, str], Input] = {}
        """Inputs with such a default, by task and name in CWL."""

    def tool(self, tool: Any, wanted: str, where: str, around: Around) -> tuple[TaskText, dict[str, str]]:
        """The task of a tool, and the names of its inputs by those of CWL."""
        around = around.inside(tool.requirements)
        self.kinds.name(around.types)
        names = Names(["run", "made"])
        inputs = {short(each.id): names.keep(short(each.id), "input") for each in tool.inputs}
        notes: list[str] = []
        task = TaskText(self._names.take(wanted, "tool"), Inline("python", ""), notes=notes, doc=doc_of(tool))
        for each in tool.inputs:
            given = self.input(each, inputs[short(each.id)], where, notes)
            if given.default is not None and given.default.startswith("file("):
                # A file is brought when the run starts, so the pipeline takes it.
                self.brought[task.name, short(each.id)] = given
                given = Input(given.name, given.type)
            task.inputs.append(given)
        required = set(map(class_of, around.requirements))
        for each in tool.hints or []:
            if class_of(each) not in required:
                self._requirement(each, task, where, notes, hint=True)
        for each in around.requirements:
            self._requirement(each, task, where, notes)
        outputs = {short(each.id): names.keep(short(each.id), "output") for each in tool.outputs}
        task.outputs = [(outputs[short(each.id)], self._kind(each, where, notes)) for each in tool.outputs]
        document = tool_document(tool, around.requirements)
        self._runs(task, document, tool_body(document, inputs, outputs))
        return task, inputs

    def _runs(self, task: TaskText, document: Mapping[str, Any], body: str) -> None:
        """Declare a task whose Python runs by what lies beside the program."""
        if needs_javascript(document):
            task.settings["packages"] = value_literal([JAVASCRIPT])
        task.run = Inline("python", body)
        self.declared.append(task)
        self.files |= runtime_files()

    def before(
        self, wanted: str, given: Mapping[str, str], outputs: Mapping[str, str], document: Mapping[str, Any], step: str
    ) -> tuple[TaskText, dict[str, str], dict[str, str]]:
        """A task that computes what a step needs before it runs: types of its inputs and outputs by their names in CWL.

        Returns the names of both here. `step` is the Python that gives `made`, of `STEP`, the document, and `given`.
        """
        names = Names(["evaluated", "merged", "made", "given"])
        inputs = {key: names.keep(key, "input") for key in given}
        found = {key: names.take(f"{key}_out", "output") for key in outputs}
        task = TaskText(self._names.take(wanted, "before"), Inline("python", ""))
        task.inputs = [Input(inputs[key], kind, "none" if kind.endswith("?") else None) for key, kind in given.items()]
        task.outputs = [(found[key], kind) for key, kind in outputs.items()]
        self._runs(task, document, step_body(document, inputs, found, step))
        return task, inputs, found

    def undone(self, process: Any, wanted: str, where: str) -> tuple[TaskText, dict[str, str]]:
        """What is no tool: a task that fails until it is written."""
        kind = type(process).__name__
        note = self.gaps.of(where, f"the {kind}", "only tools are carried over", "write it as Python in the task")
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
                plain = kind.rstrip("?")
                default = self.file(given.default) if plain == "File" else value_literal(_as(plain, given.default))
                if kind.startswith("Dir"):
                    raise NoLiteral("folders have no constants")
            except NoLiteral as error:
                notes.append(self.gaps.of(where, f"the default of `{short(given.id)}`", str(error), "pass it in a run"))
                default = None
        elif kind.endswith("?"):
            default = "none"
        return Input(name, kind, default)

    def file(self, given: Any) -> str:
        """A default file, which travels with the program. Raises `NoLiteral`."""
        about = given if isinstance(given, dict) else {key: getattr(given, key, None) for key in ("location", "path", "secondaryFiles")}  # fmt: skip
        location = about.get("location") or about.get("path")
        if not isinstance(location, str) or about.get("secondaryFiles") or about.get("class") == "Directory":
            raise NoLiteral("only a file of the folder can be a default")
        file = beside(location, Path(self._path).resolve().parent, self._path)
        name, data = file.name, file.read_bytes()
        if self.files.get(name, data) != data or name in runtime_files():
            # Another file has that name; they lie side by side here.
            name = f"{len(self.files)}_{name}"
        self.files[name] = data
        return f"file({text_literal(name)})"

    def _kind(self, given: Any, where: str, notes: list[str]) -> str:
        kind = self.kinds.of(given.type_)
        if getattr(given, "format", None):
            notes.append(self.gaps.of(where, f"the format of `{short(given.id)}`", "formats of files are not checked",
                                      "check it in the tool if it matters"))  # fmt: skip
        if getattr(given, "secondaryFiles", None):
            notes.append(self.gaps.of(where, f"secondaryFiles of `{short(given.id)}`", "a File is one file",
                                      "use a Dir for files that belong together"))  # fmt: skip
        if kind is None:
            notes.append(
                self.gaps.of(where, f"the type of `{short(given.id)}`", "it has no counterpart", "String is assumed")
            )
        return kind or "String"

    def _requirement(self, each: Any, task: TaskText, where: str, notes: list[str], *, hint: bool = False) -> None:
        name = class_of(each)
        match name:
            case "DockerRequirement" if hint:
                notes.append(self.gaps.of(where, f"the image {each.dockerPull}", "it is a hint, and was left out",
                                          "ask for it by `image` if it has econda's worker in it"))  # fmt: skip
            case "DockerRequirement" if each.dockerPull:
                task.settings["image"] = text_literal(each.dockerPull)
                notes.append(self.gaps.of(where, f"the image {each.dockerPull}", "it is asked for, but must have econda's "
                                          "worker in it", "build one upon it, or use `packages`"))  # fmt: skip
            case "ResourceRequirement":
                self._resources(each, task, where)
            case "ToolTimeLimit" if isinstance(each.timelimit, int) and each.timelimit > 0:
                task.settings["timeout"] = duration_literal(each.timelimit * 1000)
            case _ if name not in CARRIED and not (hint and not hasattr(each, "class_")):
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


def _as(kind: str, value: Any) -> Any:
    """A value as one of a type: whole numbers where Floats are meant, and what YAML takes for text (`1e5`)."""
    if kind.startswith("List[") and isinstance(value, list):
        return [_as(kind[5:-1].rstrip("?"), each) for each in value]
    if kind == "Float" and isinstance(value, int | str) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):
            return float(value)
    return value


def doc_of(process: Any) -> str:
    doc = process.doc or process.label or ""
    return doc if isinstance(doc, str) else "\n".join(doc)
