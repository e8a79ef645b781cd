"""CWL v1.0 to v1.2: tools become tasks, workflows steps, `scatter` a loop. Expressions are reported, not executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.importing.cwl.documents import beside, load, short
from econda_edsl.importing.cwl.tools import Tools, doc_of
from econda_edsl.importing.report import Gaps, Imported, NotImported
from econda_edsl.writing.literals import NoLiteral, value_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Foreach, Input, Note, PipelineText, Program, Step, TaskText, When
from econda_edsl.writing.source import too_long

MEMBERS = 10_000
_TEST = re.compile(r"\$\((!?)inputs\.([A-Za-z_]\w*)(?:\s*(===?|!==?|<=|>=|<|>)\s*([\w.]+|\"[^\"]*\"|'[^']*'))?\)")


def import_cwl(data: bytes, path: str, part: str | None = None) -> Imported:
    """Read a tool or workflow; of a packed document `part`, by default `main`. Raises `NotImported` for what is not valid CWL."""
    process = load(data, path, part)
    gaps = Gaps()
    stem = Names().take(Path(path).name.partition(".")[0], "flow")
    work = _Flow(path, gaps, Tools(gaps, Names([stem]), path))
    if isinstance(process, list) or not hasattr(process, "outputs"):
        raise NotImported(f"{path}: no tool or workflow of its own; import one of its parts")
    pipeline = work.pipeline(process, stem)
    program = Program(
        [pipeline], work.tools.declared, work.tools.kinds.records, head=[f"Imported from the CWL document {path}."]
    )
    if too_long(program):
        raise NotImported(f"{path}: its steps make a program longer than {SOURCE_BYTES:,} bytes; import parts of it")
    return Imported("cwl", program, gaps.found, work.tools.files)


@dataclass
class _Flow:
    path: str
    gaps: Gaps
    tools: Tools
    names: Names = field(default_factory=Names)
    extra: list[Input] = field(default_factory=list)
    loaded: dict[str, Any] = field(default_factory=dict)
    inherited: list[Any] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)
    known: dict[str, tuple[TaskText, dict[str, str]]] = field(default_factory=dict)

    def pipeline(self, process: Any, stem: str) -> PipelineText:
        inputs, given = [], {}
        notes: list[str] = []
        for each in process.requirements or []:
            if type(each).__name__ == "SchemaDefRequirement":
                self.tools.kinds.name(each.types)
        for each in process.inputs:
            made = self.tools.input(each, self.names.keep(short(each.id), "input"), self.path, notes)
            inputs.append(made)
            given[short(each.id)] = (made.name, made.type)
        steps: list[Step] = []
        if hasattr(process, "steps"):
            found = self.workflow(process, given, self.path, steps, 0)
        else:
            found = self.call(process, stem, given, self.path, steps)
        outputs = Names()
        named = {key: outputs.keep(key, "output") for key in found}
        return PipelineText(
            stem, steps or [Note("It has no steps.")], [*inputs, *self.extra], [(named[key], kind) for key, (_, kind) in found.items()],
            {named[key]: expr for key, (expr, _) in found.items()}, doc=doc_of(process), notes=notes,
        )  # fmt: skip

    def workflow(self, flow: Any, given: dict[str, tuple[str, str]], where: str, steps: list[Step], depth: int) -> dict[str, tuple[str, str]]:  # fmt: skip
        """The steps of a workflow; returns its outputs as expressions with their types."""
        if depth > 8:
            raise NotImported(f"{where}: workflows are nested more than 8 deep, or in a circle; take one out")
        values = dict(given)
        _relative(flow)
        self.contents |= {
            short(each.id)
            for each in flow.inputs
            if getattr(each, "loadContents", None) or getattr(each.inputBinding, "loadContents", None)
        }
        around, self.inherited = self.inherited, _together(self.inherited, flow.requirements)
        for step in self.ordered(flow, where):
            there = f"{where}: {short(step.id)}"
            found = self.step(step, values, there, steps, depth)
            values |= {f"{short(step.id)}/{key}": each for key, each in found.items()}
        self.inherited = around
        outputs = {}
        for each in flow.outputs:
            outputs[short(each.id)] = self.source(
                each.outputSource,
                each.linkMerge,
                values,
                f"{where}: {short(each.id)}",
                steps,
                getattr(each, "pickValue", None),
            )
        return outputs

    def ordered(self, flow: Any, where: str) -> list[Any]:
        by_name = {short(step.id): step for step in flow.steps}
        sorter = TopologicalSorter()
        for name, step in by_name.items():
            sources = [each for i in step.in_ for each in ([i.source] if isinstance(i.source, str) else i.source or [])]
            sorter.add(name, *(_key(each).partition("/")[0] for each in sources if "/" in _key(each)))
        try:
            order = list(sorter.static_order())
        except CycleError as error:
            circle = " → ".join(reversed(error.args[1][:12]))
            raise NotImported(
                f"{where}: steps wait for each other in a circle: {circle}; take one source away"
            ) from error
        return [by_name[name] for name in order if name in by_name]

    @property
    def library(self) -> list[str] | None:
        """The lines of JavaScript that expressions of steps can use; None where there is none."""
        found = [each for each in self.inherited if type(each).__name__ == "InlineJavascriptRequirement"]
        return None if not found else list(found[-1].expressionLib or [])

    def source(
        self,
        source: Any,
        merge: Any,
        values: dict[str, tuple[str, str]],
        where: str,
        steps: list[Step],
        pick: str | None = None,
    ) -> tuple[str, str]:
        found = []
        for each in [source] if isinstance(source, str) else source or []:
            if _key(each) not in values:
                raise NotImported(
                    f"{where}: its source {_key(each)} is neither an input nor an output of a step; correct it"
                )
            found.append(values[_key(each)])
        if isinstance(source, str) or (len(found) == 1 and merge is None):
            return found[0] if found else ("none", "String?")
        if pick is not None or (merge == "merge_flattened" and not all(kind.startswith("List[") for _, kind in found)):
            return self.merged(found, merge, pick, where, steps)
        kind = found[0][1] if found else "String"
        joined = f"[{', '.join(expr for expr, _ in found)}]"
        return (f"flatten({joined})", kind) if merge == "merge_flattened" else (joined, f"List[{kind}]")

    def nested(
        self,
        over: list[tuple[str, str]],
        body: list[Step],
        made: dict[str, tuple[str, str]],
        name: str,
        steps: list[Step],
    ) -> dict[str, tuple[str, str]]:
        """A loop in a loop: lists of lists."""
        gather = "{" + ", ".join(f"{key}: {expr}" for key, (expr, _) in made.items()) + "}" if made else over[-1][0]
        inner: list[Step] = body
        for each in reversed(over):
            loop = self.names.take(f"{name}_{each[0]}")
            inner = [Foreach([each], inner, loop, gather, str(MEMBERS))]
            gather = f"{loop}.done"
        steps += inner
        outputs = {}
        for key, (_, kind) in made.items():
            item = f"[each.{key} for each in LIST]"
            for depth in range(len(over) - 1):
                item = f"[{item.replace('LIST', f'row{depth}')} for row{depth} in LIST]"
            outputs[key] = (item.replace("LIST", gather), "List[" * len(over) + kind + "]" * len(over))
        return outputs

    def merged(
        self, found: list[tuple[str, str]], merge: Any, pick: str | None, where: str, steps: list[Step]
    ) -> tuple[str, str]:
        """Several sources as one value, by a task: of values that may be missing only it can tell how many there are."""
        kinds = [kind[5:-1] if merge == "merge_flattened" and kind.startswith("List[") else kind for _, kind in found]
        whole = {kind.rstrip("?") for kind in kinds}
        element = next(iter(whole)) if len(whole) == 1 else kinds[0].rstrip("?")
        if len(whole) != 1:
            self.gaps.of(where, "its sources", "they are of different types", "give them one type")
        if pick is None and any(kind.endswith("?") for kind in kinds):
            element += "?"
        kind = element if pick in ("first_non_null", "the_only_non_null") else f"List[{element}]"
        given = {f"source_{number}": kind for number, (_, kind) in enumerate(found)}
        call = f"{{'value': merged(list(given.values()), {merge!r}, {pick!r})}}"
        task, inputs, outputs = self.tools.before("merged", given, {"value": kind}, {}, call)
        name = self.names.take("merged")
        arguments = ", ".join(f"{inputs[key]} = {expr}" for key, (expr, _) in zip(given, found))
        steps.append(Bind(f"{task.name}({arguments})", name))
        return f"{name}.{outputs['value']}", kind

    def step(self, step: Any, values: dict[str, tuple[str, str]], where: str, steps: list[Step], depth: int) -> dict[str, tuple[str, str]]:  # fmt: skip
        given: dict[str, tuple[str, str]] = {}
        for each in step.in_:
            found = self.input(each, values, f"{where}: {short(each.id)}", steps)
            if found is not None:
                given[short(each.id)] = found
        wanted = {short(each if isinstance(each, str) else each.id) for each in step.out}
        scatter = [short(each) for each in ([step.scatter] if isinstance(step.scatter, str) else step.scatter or [])]
        body: list[Step] = []
        over, inner = self.scattered(step, scatter, given, where) if scatter else ([], given)
        made = self.guarded(step, inner, wanted, where, body, depth)
        if not over:
            steps += body
            return made
        if step.scatterMethod == "nested_crossproduct" and len(over) > 1:
            return self.nested(over, body, made, short(step.id), steps)
        name = self.names.take(
            f"{short(step.id)}_each" if body and _names_step(body, short(step.id)) else short(step.id)
        )
        if len(made) == 1:
            [(key, (expr, kind))] = made.items()
            gather, outputs = expr, {key: (f"{name}.done", f"List[{kind}]")}
        else:
            gather = "{" + ", ".join(f"{k}: {expr}" for k, (expr, _) in made.items()) + "}" if made else over[0][0]
            outputs = {
                key: (f"[each.{key} for each in {name}.done]", f"List[{kind}]") for key, (_, kind) in made.items()
            }
        steps.append(Foreach(over, body, name, gather, str(MEMBERS)))
        return outputs

    def input(self, each: Any, values: dict[str, tuple[str, str]], where: str, steps: list[Step]) -> tuple[str, str] | None:  # fmt: skip
        pick = getattr(each, "pickValue", None)
        found = self.source(each.source, each.linkMerge, values, where, steps, pick) if each.source else None
        if each.default is not None:
            try:
                default = value_literal(each.default)
                found = (
                    (f"{found[0]} ?? {default}", found[1].rstrip("?")) if found and found[1].endswith("?") else found
                )
                found = found or (default, _kind(each.default))
            except NoLiteral as error:
                found = self.brought(each, found, where, str(error))
        if each.valueFrom is not None and "$" not in str(each.valueFrom):
            return value_literal(str(each.valueFrom)), "String"
        return found

    def brought(self, each: Any, found: tuple[str, str] | None, where: str, why: str) -> tuple[str, str] | None:
        """A default that is a file of the folder: it is brought when the run starts, so the pipeline takes it."""
        try:
            default = self.tools.file(each.default)
        except NoLiteral:
            self.gaps.of(where, "its default", why, "write it into the step")
            return found
        name = self.names.take(short(each.id))
        self.extra.append(Input(name, "File", default))
        return (name, "File") if found is None else (f"{found[0]} ?? {name}" if found[1].endswith("?") else found[0], "File")  # fmt: skip

    def scattered(self, step: Any, scatter: list[str], given: dict[str, tuple[str, str]], where: str) -> tuple[list[tuple[str, str]], dict[str, tuple[str, str]]]:  # fmt: skip
        self.gaps.of(where, "a scatter without a bound", "everything has a bound in this language",
                     f"`up to {MEMBERS}` is assumed, write the right number")  # fmt: skip
        inner = dict(given)
        element = {
            key: given[key][1][5:-1] if given[key][1].startswith("List[") else "String"
            for key in scatter
            if key in given
        }
        for key in scatter:
            if key not in given:
                raise NotImported(f"{where}: it scatters over `{key}`, which has no source; give it one")
        if step.scatterMethod == "dotproduct" and len(scatter) == 2:
            pair = self.names.take("pair")
            inner |= {
                scatter[0]: (f"{pair}.first", element[scatter[0]]),
                scatter[1]: (f"{pair}.second", element[scatter[1]]),
            }
            return [(pair, f"zip({given[scatter[0]][0]}, {given[scatter[1]][0]})")], inner
        if len(scatter) > 1 and step.scatterMethod not in ("flat_crossproduct", "nested_crossproduct"):
            self.gaps.of(where, f"scatterMethod {step.scatterMethod}", "a loop gives one flat list of all pairs",
                         "zip the lists in a task, or nest two loops")  # fmt: skip
        over = []
        for key in scatter:
            over.append((self.names.take(key, "each"), given[key][0]))
            inner[key] = (over[-1][0], element[key])
        return over, inner

    def guarded(self, step: Any, given: dict[str, tuple[str, str]], wanted: set[str], where: str, steps: list[Step], depth: int) -> dict[str, tuple[str, str]]:  # fmt: skip
        """The call of a step under its `when`; what a step that is left out would give is `none`."""
        given, test = self.computed(step, given, where, steps)
        body: list[Step] = []
        made = self.run(step, given, where, body, depth)
        made = {key: each for key, each in made.items() if key in wanted}
        if test is None:
            steps += body
            return made
        other: list[Step] = []
        left = {}
        for key, (expr, kind) in made.items():
            name = self.names.take(f"{short(step.id)}_{key}")
            body.append(Bind(expr, name))
            other.append(Bind("none", name))
            left[key] = (name, kind if kind.endswith("?") else f"{kind}?")
        steps.append(When([(test, body), *([(None, other)] if other else [])]))
        return left

    def computed(
        self, step: Any, given: dict[str, tuple[str, str]], where: str, steps: list[Step]
    ) -> tuple[dict[str, tuple[str, str]], str | None]:
        """The inputs with their `valueFrom`, and the test of `when`: by a task, where they are more than a name says."""
        texts = {short(each.id): str(each.valueFrom) for each in step.in_ if each.valueFrom is not None and "$" in str(each.valueFrom) and str(each.valueFrom) != "$(self)"}  # fmt: skip
        when = getattr(step, "when", None)
        test = self.test(when, given) if when else None
        if not texts and (when is None or test is not None):
            return given, test
        kinds = {short(each.id): self.tools.kinds.of(each.type_) for each in self.process(step).inputs}
        wanted = {key: kinds.get(key) or "String" for key in texts}
        for key in texts:
            if key in kinds and kinds[key] is None:
                self.gaps.of(where, f"the type of `{key}`", "it has no counterpart", "String is assumed")
        document: dict[str, Any] = {"valueFrom": texts, "library": self.library}
        document["loadContents"] = [
            short(each.id)
            for each in step.in_
            if getattr(each, "loadContents", None) or _key(str(each.source)) in self.contents
        ]
        outputs = {key: kind for key, kind in wanted.items() if key in kinds}
        if when is not None:
            document["when"], outputs["when"] = str(when), "Bool"
        task, inputs, named = self.tools.before(f"before_{short(step.id)}", {key: kind for key, (_, kind) in given.items()}, outputs, document, "evaluated(STEP, given)")  # fmt: skip
        name = self.names.take(f"before_{short(step.id)}")
        steps.append(Bind(f"{task.name}({', '.join(f'{inputs[key]} = {expr}' for key, (expr, _) in given.items())})", name))  # fmt: skip
        found = {**given, **{key: (f"{name}.{named[key]}", kind) for key, kind in outputs.items() if key != "when"}}
        return found, f"{name}.{named['when']}" if when is not None else None

    def process(self, step: Any) -> Any:
        """What a step runs."""
        process = step.run
        if not isinstance(process, str):
            return process
        if process not in self.loaded:
            file = beside(process, Path(self.path).resolve().parent, self.path)
            self.loaded[process] = load(file.read_bytes(), str(file), part=process.partition("#")[2] or None)
        return self.loaded[process]

    def test(self, text: str, given: dict[str, tuple[str, str]]) -> str | None:
        """A plain comparison as one of EDSL; None for what is more."""
        match = _TEST.fullmatch(text.strip())
        if match is None or match[2] not in given or (match[3] is None and given[match[2]][1] != "Bool"):
            return None
        value = given[match[2]][0]
        if match[3] is None:
            return f"not {value}" if match[1] else value
        sign = {"===": "==", "!==": "!="}.get(match[3], match[3])
        right = '"' + match[4][1:-1] + '"' if match[4][0] in "\"'" else {"null": "none"}.get(match[4], match[4])
        return f"{value} {sign} {right}"

    def run(self, step: Any, given: dict[str, tuple[str, str]], where: str, steps: list[Step], depth: int) -> dict[str, tuple[str, str]]:  # fmt: skip
        process = self.process(step)
        before = self.inherited
        self.inherited = _together(before, step.requirements)
        try:
            if hasattr(process, "steps"):
                defaults = {short(i.id): self.left_out(i) for i in process.inputs}
                return self.workflow(process, {**defaults, **given}, where, steps, depth + 1)
            return self.call(process, short(step.id), given, where, steps)
        finally:
            self.inherited = before

    def left_out(self, given: Any) -> tuple[str, str]:
        """An input of a nested workflow that nobody gives: its default, or none."""
        kind = self.tools.kinds.of(given.type_) or "String"
        if given.default is not None:
            try:
                return value_literal(given.default), kind
            except NoLiteral:
                pass
        return "none", kind if kind.endswith("?") else f"{kind}?"

    def call(self, process: Any, name: str, given: dict[str, tuple[str, str]], where: str, steps: list[Step]) -> dict[str, tuple[str, str]]:  # fmt: skip
        key = f"{process.id or name} {sorted(map(id, self.inherited))}"
        if key not in self.known:
            wanted = (
                short(process.id) if process.id and not str(process.id).rpartition("#")[2].startswith("_:") else name
            )
            make = (
                self.tools.tool
                if type(process).__name__ in ("CommandLineTool", "ExpressionTool")
                else self.tools.undone
            )
            more = (self.inherited,) if make == self.tools.tool else ()
            self.known[key] = make(process, wanted or name, where, *more)
        task, inputs = self.known[key]
        for cwl in inputs:
            brought = self.tools.brought.get((task.name, cwl))
            if brought is not None and cwl not in given:
                taken = self.names.take(f"{name}_{brought.name}")
                self.extra.append(Input(taken, brought.type, brought.default))
                given = {**given, cwl: (taken, brought.type)}
        needed = {each.name for each in task.inputs if not each.type.endswith("?") and each.default is None}
        for key, (expr, kind) in list(given.items()):
            if kind.endswith("?") and inputs.get(key) in needed:
                # There a value that is missing is an error when the step runs.
                given = {**given, key: self.merged([(expr, kind)], None, "the_only_non_null", where, steps)}
        arguments = ", ".join(f"{inputs[each]} = {expr}" for each, (expr, _) in given.items() if each in inputs)
        bound = self.names.take(name)
        steps.append(Bind(f"{task.name}({arguments})", bound))
        named = zip((short(each.id) for each in process.outputs), task.outputs)
        return {cwl: (f"{bound}.{output}", kind) for cwl, (output, kind) in named}


def _together(around: list[Any], own: list[Any] | None) -> list[Any]:
    """Requirements of what is around, but for those that are asked for anew."""
    names = {type(each).__name__ for each in own or []}
    return [*(each for each in around if type(each).__name__ not in names), *(own or [])]


def _key(source: str) -> str:
    """`step/output` or `input` of a source."""
    return source.rpartition("#")[2]


def _relative(flow: Any) -> None:
    """Sources by `step/output` alone: in packed documents and nested workflows the workflow's name stands before."""
    own = f"{(flow.id or '').rpartition('#')[2]}/"

    def without(source: Any) -> Any:
        if isinstance(source, list):
            return [without(each) for each in source]
        return f"#{_key(source).removeprefix(own)}" if isinstance(source, str) else source

    for step in flow.steps:
        for each in step.in_:
            each.source = without(each.source)
    for each in flow.outputs:
        each.outputSource = without(each.outputSource)


def _names_step(body: list[Step], name: str) -> bool:
    return any(isinstance(each, Bind | Foreach) and (each.name or "").startswith(name) for each in body)


def _kind(value: Any) -> str:
    return {"bool": "Bool", "int": "Int", "float": "Float"}.get(type(value).__name__, "String")
