"""CWL v1.0 to v1.2: tools become tasks, workflows steps, `scatter` a loop, nested workflows are written into it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.importing.cwl.before import computed
from econda_edsl.importing.cwl.documents import beside, load, short
from econda_edsl.importing.cwl.loops import looped, scattered
from econda_edsl.importing.cwl.requirements import Around, class_of
from econda_edsl.importing.cwl.sources import given_to, merged, source
from econda_edsl.importing.cwl.tools import Tools, doc_of
from econda_edsl.importing.cwl.written import Values, Written, key_of
from econda_edsl.importing.report import Gaps, Imported, NotImported
from econda_edsl.writing.literals import NoLiteral, value_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Input, Note, PipelineText, Program, Step, TaskText, When
from econda_edsl.writing.source import too_long

DEEPEST = 8


def import_cwl(data: bytes, path: str, part: str | None = None) -> Imported:
    """Read a tool or workflow; of a packed document `part`, by default `main`.

    Raises `NotImported` for what is not valid CWL.
    """
    process = load(data, path, part)
    stem = Names().take(Path(path).name.partition(".")[0], "flow")
    gaps = Gaps()
    work = _Flow(Written(path, gaps, Tools(gaps, Names([stem]), path)))
    if isinstance(process, list) or not hasattr(process, "outputs"):
        raise NotImported(f"{path}: no tool or workflow of its own; import one of its parts")
    pipeline, tools = work.pipeline(process, stem), work.written.tools
    head = [f"Imported from the CWL document {path}."]
    program = Program([pipeline], tools.declared, tools.kinds.records, head=head)
    if too_long(program):
        raise NotImported(f"{path}: its steps make a program longer than {SOURCE_BYTES:,} bytes; import parts of it")
    return Imported("cwl", program, gaps.found, tools.files)


@dataclass
class _Flow:
    """`loaded` are documents by their reference, `known` the tasks of tools by their document and what is around them."""

    written: Written
    loaded: dict[str, Any] = field(default_factory=dict)
    known: dict[tuple[Any, ...], tuple[TaskText, dict[str, str]]] = field(default_factory=dict)

    @property
    def tools(self) -> Tools:
        return self.written.tools

    def pipeline(self, process: Any, stem: str) -> PipelineText:
        inputs: list[Input] = []
        given: Values = {}
        notes: list[str] = []
        path, around = self.written.path, Around().inside(process.requirements)
        self.tools.kinds.name(around.types)
        for each in process.inputs:
            made = self.tools.input(each, self.written.names.keep(short(each.id), "input"), path, notes)
            inputs.append(made)
            given[short(each.id)] = (made.name, made.type)
        steps: list[Step] = []
        if hasattr(process, "steps"):
            found = self.workflow(process, given, Around(), path, steps, 0)
        else:
            found = self.call(process, stem, given, Around(), path, steps)
        outputs = Names()
        named = {key: outputs.keep(key, "output") for key in found}
        return PipelineText(
            stem, steps or [Note("It has no steps.")], [*inputs, *self.written.extra],
            [(named[key], kind) for key, (_, kind) in found.items()],
            {named[key]: expr for key, (expr, _) in found.items()}, doc=doc_of(process), notes=notes,
        )  # fmt: skip

    def workflow(self, flow: Any, given: Values, around: Around, where: str, steps: list[Step], depth: int) -> Values:
        """The steps of a workflow; returns its outputs."""
        if depth > DEEPEST:
            raise NotImported(f"{where}: workflows are nested more than {DEEPEST} deep, or in a circle; take one out")
        values = dict(given)
        _relative(flow)
        around = around.inside(flow.requirements, _loaded(flow))
        for step in self.ordered(flow, where):
            found = self.step(step, values, around, f"{where}: {short(step.id)}", steps, depth)
            values |= {f"{short(step.id)}/{key}": each for key, each in found.items()}
        outputs: Values = {}
        for each in flow.outputs:
            name, pick = short(each.id), getattr(each, "pickValue", None)
            outputs[name] = source(
                self.written, each.outputSource, each.linkMerge, pick, values, f"{where}: {name}", steps
            )
        return outputs

    def ordered(self, flow: Any, where: str) -> list[Any]:
        by_name = {short(step.id): step for step in flow.steps}
        sorter = TopologicalSorter()
        for name, step in by_name.items():
            sources = [each for i in step.in_ for each in ([i.source] if isinstance(i.source, str) else i.source or [])]
            sorter.add(name, *(key_of(each).partition("/")[0] for each in sources if "/" in key_of(each)))
        try:
            order = list(sorter.static_order())
        except CycleError as error:
            circle = " → ".join(reversed(error.args[1][:12]))
            raise NotImported(
                f"{where}: steps wait for each other in a circle: {circle}; take one source away"
            ) from error
        return [by_name[name] for name in order if name in by_name]

    def step(self, step: Any, values: Values, around: Around, where: str, steps: list[Step], depth: int) -> Values:
        given: Values = {}
        for each in step.in_:
            found = given_to(self.written, each, values, f"{where}: {short(each.id)}", steps)
            if found is not None:
                given[short(each.id)] = found
        over, inner = scattered(self.written, step, given, where)
        body: list[Step] = [] if over else steps
        made = self.guarded(step, inner, around, where, body, depth)
        return looped(self.written, step, over, body, made, steps) if over else made

    def guarded(self, step: Any, given: Values, around: Around, where: str, steps: list[Step], depth: int) -> Values:
        """The call of a step under its `when`; what a step that is left out would give is `none`."""
        process = self.process(step)
        given, test = computed(self.written, step, process, given, around.library, around.contents, where, steps)
        wanted = {short(each if isinstance(each, str) else each.id) for each in step.out}
        body: list[Step] = [] if test is not None else steps
        made = self.run(step, process, given, around.inside(step.requirements), where, body, depth)
        made = {key: each for key, each in made.items() if key in wanted}
        if test is None:
            return made
        other: list[Step] = []
        left: Values = {}
        for key, (expr, kind) in made.items():
            name = self.written.names.take(f"{short(step.id)}_{key}")
            body.append(Bind(expr, name))
            other.append(Bind("none", name))
            left[key] = (name, kind if kind.endswith("?") else f"{kind}?")
        steps.append(When([(test, body), *([(None, other)] if other else [])]))
        return left

    def process(self, step: Any) -> Any:
        """What a step runs."""
        process = step.run
        if not isinstance(process, str):
            return process
        if process not in self.loaded:
            path = self.written.path
            file = beside(process, Path(path).resolve().parent, path)
            self.loaded[process] = load(file.read_bytes(), str(file), part=process.partition("#")[2] or None)
        return self.loaded[process]

    def run(
        self, step: Any, process: Any, given: Values, around: Around, where: str, steps: list[Step], depth: int
    ) -> Values:
        if hasattr(process, "steps"):
            left_out = {short(each.id): self.left_out(each) for each in process.inputs}
            return self.workflow(process, {**left_out, **given}, around, where, steps, depth + 1)
        return self.call(process, short(step.id), given, around, where, steps)

    def left_out(self, given: Any) -> tuple[str, str]:
        """An input of a nested workflow that nobody gives: its default, or none."""
        kind = self.tools.kinds.of(given.type_) or "String"
        if given.default is not None:
            with suppress(NoLiteral):
                return value_literal(given.default), kind
        return "none", kind if kind.endswith("?") else f"{kind}?"

    def call(self, process: Any, name: str, given: Values, around: Around, where: str, steps: list[Step]) -> Values:
        task, inputs = self.declared(process, name, around, where)
        for key in inputs:
            brought = self.tools.brought.get((task.name, key))
            if brought is not None and key not in given:
                taken = self.written.names.take(f"{name}_{brought.name}")
                self.written.extra.append(Input(taken, brought.type, brought.default))
                given = {**given, key: (taken, brought.type)}
        needed = {each.name for each in task.inputs if not each.type.endswith("?") and each.default is None}
        arguments = {}
        for key, (expr, kind) in given.items():
            if key in inputs and kind.endswith("?") and inputs[key] in needed:
                # There a value that is missing is an error when the step runs.
                expr, _ = merged(self.written, [(expr, kind)], None, "the_only_non_null", where, steps)
            if key in inputs:
                arguments[inputs[key]] = expr
        bound = self.written.call(task, name, arguments, steps)
        named = zip((short(each.id) for each in process.outputs), task.outputs)
        return {key: (f"{bound}.{output}", kind) for key, (output, kind) in named}

    def declared(self, process: Any, name: str, around: Around, where: str) -> tuple[TaskText, dict[str, str]]:
        """The task of a tool, one for all steps that run it with the same around it."""
        key = (process.id or name, *map(id, around.requirements))
        if key not in self.known:
            named = process.id and not str(process.id).rpartition("#")[2].startswith("_:")
            wanted = (short(process.id) if named else name) or name
            if class_of(process) in ("CommandLineTool", "ExpressionTool"):
                self.known[key] = self.tools.tool(process, wanted, where, around)
            else:
                self.known[key] = self.tools.undone(process, wanted, where)
        return self.known[key]


def _loaded(flow: Any) -> frozenset[str]:
    """The inputs of a workflow whose contents are loaded."""
    return frozenset(
        short(each.id)
        for each in flow.inputs
        if getattr(each, "loadContents", None) or getattr(each.inputBinding, "loadContents", None)
    )


def _relative(flow: Any) -> None:
    """Sources by `step/output` alone: in packed documents and nested workflows the workflow's name stands before."""
    own = f"{(flow.id or '').rpartition('#')[2]}/"

    def without(source: Any) -> Any:
        if isinstance(source, list):
            return [without(each) for each in source]
        return f"#{key_of(source).removeprefix(own)}" if isinstance(source, str) else source

    for step in flow.steps:
        for each in step.in_:
            each.source = without(each.source)
    for each in flow.outputs:
        each.outputSource = without(each.outputSource)
