"""State machines in Amazon States Language: the control flow as blocks, each state as a task with its JSON as text.

The document that a machine hands from state to state is a String of JSON. What a state does with it (paths, templates,
choices) is Python in a file beside the pipeline, where people put what the state's service did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.importing.documents import items, mapping, read_json, shown
from econda_edsl.importing.report import Gaps, Imported, NotImported
from econda_edsl.importing.states import data as runtime
from econda_edsl.importing.states.flow import Flow, Reached, Way, Written, failing
from econda_edsl.importing.states.graph import END
from econda_edsl.importing.states.tasks import StateTasks
from econda_edsl.writing.literals import duration_literal, text_literal
from econda_edsl.writing.naming import Names, fitting
from econda_edsl.writing.program import Bind, Foreach, Input, PipelineText, Program, Step
from econda_edsl.writing.source import too_long

_TYPES = ("Task", "Pass", "Choice", "Map", "Parallel", "Wait", "Succeed", "Fail")
MEMBERS = 10_000


def import_asl(data: bytes, path: str) -> Imported:
    """Read a state machine. Raises `NotImported` for what is none, and for ways that no blocks can say."""
    machine = mapping(read_json(data, path), path)
    stem = fitting(re.split(r"[./\\]", path.replace("\\", "/").rsplit("/", 1)[-1])[0], "machine")
    gaps = Gaps()
    names = Names(["input", "output"])
    work = _Machine(path, gaps, names, StateTasks(f"{stem}_states.py", stem, path, gaps))
    steps: list[Step] = []
    reached = work.machine(machine, path, "input", steps)
    outputs = [("output", "String")] if reached.labels else []
    returns = {"output": reached.document} if reached.labels else {}
    settings = {}
    if isinstance(seconds := machine.get("TimeoutSeconds"), int):
        settings["deadline"] = duration_literal(seconds * 1000)
    comment = machine.get("Comment")
    pipeline = PipelineText(
        stem, steps, [Input("input", "String", '"{{}}"', doc="the document of the first state, as JSON")], outputs,
        returns, settings, str(comment) if comment else "",
    )  # fmt: skip
    head = [f"Imported from the state machine {path}. The document between states is JSON as text;",
            f"{work.tasks.file} has what each state does with it."]  # fmt: skip
    program = Program([pipeline], work.tasks.declared, head=head)
    if too_long(program):
        raise NotImported(
            f"{path}: {len(work.tasks.declared):,} states make a program longer than {SOURCE_BYTES:,} bytes, which a "
            "source may have; split the machine"
        )
    files = {work.tasks.file: work.tasks.source(), **_runtime()}
    return Imported("asl", program, gaps.found, files)


def _runtime() -> dict[str, bytes]:
    """The files that the functions of states import, which lie beside them and not in this package."""
    here = Path(runtime.__file__)
    names = ("data", "paths", "functions", "choices", "jsonata")
    package = f"from {runtime.__name__.rpartition('.')[0]}."
    texts = {name: here.with_name(f"{name}.py").read_text("utf-8") for name in names}
    return {f"asl_{name}.py": text.replace(package, "from asl_").encode() for name, text in texts.items()}


@dataclass
class _Machine:
    path: str
    gaps: Gaps
    names: Names
    tasks: StateTasks
    count: list[int] = field(default_factory=lambda: [0])

    def machine(self, machine: dict[str, Any], where: str, document: str, steps: list[Step], depth: int = 0) -> Reached:
        """The states of a machine, of a branch or of a Map's members, as steps."""
        if depth > 8:
            raise NotImported(f"{where}: machines are nested more than 8 deep; split them")
        states = mapping(machine.get("States"), f"{where}: States")
        start = machine.get("StartAt")
        if not isinstance(start, str) or start not in states:
            raise NotImported(f"{where}: StartAt is {shown(start)}, which is none of its states; correct it")
        language = machine.get("QueryLanguage", "JSONPath")
        checked = {name: _state(state, f"{where}: {name}", language) for name, state in states.items()}
        graph = {name: self.after(state, states, f"{where}: {name}") for name, state in checked.items()}
        found, waiting = set(), [start]
        while waiting:
            name = waiting.pop()
            if name != END and name not in found:
                found.add(name)
                waiting += graph[name]
        for name in states.keys() - found:
            self.gaps.of(f"{where}: {name}", "left out", "no way leads to this state", "remove it, or lead to it")

        def write(name: str, at: str) -> Written:
            return self.state(name, checked[name], f"{where}: {name}", at, depth)

        flow = Flow({name: graph[name] for name in found}, write, where, self.names, self.gaps, self.count)
        return flow.region(start, document, frozenset(), steps)

    def after(self, state: dict[str, Any], states: dict[str, Any], where: str) -> tuple[str, ...]:
        """The states that may come after one."""
        found = [rule.get("Next") for rule in state.get("Choices", ())]
        found += [state["Default"]] if "Default" in state else []
        found += [state["Next"]] if "Next" in state else []
        found += [each["Next"] for each in catchers(state)]
        for each in found:
            if not isinstance(each, str) or each not in states:
                raise NotImported(f"{where}: leads to {shown(each)}, which is none of the states; correct it")
        if state["Type"] in ("Choice", "Fail"):
            return tuple(dict.fromkeys(found))
        if "Next" not in state and state["Type"] != "Succeed" and state.get("End") is not True:
            raise NotImported(f"{where}: has neither `Next` nor `End`; say where it leads")
        return tuple(dict.fromkeys(found if "Next" in state else [END, *found]))

    def state(self, name: str, state: dict[str, Any], where: str, at: str, depth: int) -> Written:
        following = state.get("Next", END)
        for key in ("Assign", "ItemReader", "ItemBatcher", "ResultWriter", "HeartbeatSeconds", "Credentials",
                    "TimeoutSecondsPath", "ToleratedFailureCount"):  # fmt: skip
            if key in state:
                self.gaps.of(f"{where}: {key}", "left out", "the language has nothing like it",
                             "do it in the state's function")  # fmt: skip
        match state["Type"]:
            case "Fail":
                said = ": ".join(str(state[key]) for key in ("Error", "Cause") if key in state) or name
                if "ErrorPath" in state or "CausePath" in state:
                    self.gaps.of(f"{where}: ErrorPath", "left out", "a failure's message is not computed from JSON",
                                 "fail in the state's function")  # fmt: skip
                return failing(text_literal(said))
            case "Choice":
                return self.choice(name, state, where, at)
            case "Succeed" if not {"InputPath", "OutputPath", "Output"} & state.keys():
                return Written([], [Way(None, END, at)])
        steps: list[Step] = []
        if catchers(state):
            return self.caught(name, state, where, at, depth, following)
        return Written(steps, [Way(None, following, self.work(name, state, where, at, steps, depth))])

    def work(self, name: str, state: dict[str, Any], where: str, at: str, steps: list[Step], depth: int) -> str:
        """The steps of one state; returns the document after it."""
        match state["Type"]:
            case "Map":
                return self.map(name, state, where, at, steps, depth)
            case "Parallel":
                return self.parallel(name, state, where, at, steps, depth)
        task = self.tasks.of(name, state, where)
        bound = self.names.take(name)
        steps.append(Bind(f"{task}({at})", bound))
        return f"{bound}.result"

    def choice(self, name: str, state: dict[str, Any], where: str, at: str) -> Written:
        rules = items(state.get("Choices"), f"{where}: Choices")
        bound = self.names.take(name)
        targets = list(dict.fromkeys([rule["Next"] for rule in rules] + [state[k] for k in ("Default",) if k in state]))
        steps: list[Step] = [Bind(f"{self.tasks.choice(name, state, where)}({at})", bound)]
        return Written(steps, [Way(f"{bound}.next == {text_literal(target)}", target, at) for target in targets])

    def caught(self, name: str, state: dict[str, Any], where: str, at: str, depth: int, following: str) -> Written:
        """A state with catchers: tried once as a loop of one member that may fail."""
        found = catchers(state)
        targets = list(dict.fromkeys(each["Next"] for each in found))
        once, tried = self.names.take("once"), self.names.take(f"{name}_tried")
        body: list[Step] = []
        result = self.work(name, state, where, once, body, depth + 1)
        loop = Foreach([(once, f"[{at}]")], body, tried, result, settings={"tolerate": "100%"})
        error = self.names.take(f"{name}_error")
        catcher = self.tasks.catcher(name, found, where)
        if len(targets) == 1:
            handled = Bind(f"{catcher}({at}, {tried}.failed[0].error)", error)
            done = Way(f"len({tried}.done) == 1", following, f"{tried}.done[0]")
            return Written([loop], [done, Way(None, targets[0], f"{error}.result", (handled,))])
        return self.chosen(loop, tried, error, catcher, at, following, targets)

    def chosen(self, loop: Foreach, tried: str, error: str, catcher: str, at: str, following: str,
               targets: list[str]) -> Written:  # fmt: skip
        """Several catchers that lead to different states: which one it is, is computed where there is a failure."""
        inner, which = self.names.take(f"{error}_of"), self.names.take(f"{error}_each")
        each = Bind(f"{catcher}({at}, {which}.error)", inner)
        taken = Foreach([(which, f"{tried}.failed")], [each], error, inner, "1")
        ways = [Way(f"len({tried}.done) == 1", following, f"{tried}.done[0]")]
        ways += [
            Way(f"{error}.done[0].next == {text_literal(target)}", target, f"{error}.done[0].result")
            for target in targets[:-1]
        ]
        return Written([loop, taken], [*ways, Way(None, targets[-1], f"{error}.done[0].result")])

    def map(self, name: str, state: dict[str, Any], where: str, at: str, steps: list[Step], depth: int) -> str:
        inner = state.get("ItemProcessor", state.get("Iterator"))
        listed, each, item = self.names.take(f"{name}_items"), self.names.take(name), self.names.take("item")
        steps.append(Bind(f"{self.tasks.items(name, state, where)}({at})", listed))
        body: list[Step] = []
        reached = self.machine(mapping(inner, f"{where}: ItemProcessor"), where, item, body, depth + 1)
        settings = {}
        if isinstance(most := state.get("MaxConcurrency"), int) and most > 0:
            settings["parallel"] = str(most)
        if isinstance(share := state.get("ToleratedFailurePercentage"), int | float) and share:
            settings["tolerate"] = f"{share:g}%"
        self.gaps.of(where, "a Map without a bound", "everything has a bound in this language",
                     f"`up to {MEMBERS}` is assumed, write the right number")  # fmt: skip
        gather = reached.document if reached.labels else '""'
        steps.append(Foreach([(item, f"{listed}.items")], body, each, gather, str(MEMBERS), settings))
        return self.joined(name, state, where, at, f"{each}.done", steps)

    def parallel(self, name: str, state: dict[str, Any], where: str, at: str, steps: list[Step], depth: int) -> str:
        if {"InputPath", "Parameters", "Arguments"} & state.keys():
            given = self.names.take(f"{name}_input")
            steps.append(Bind(f"{self.tasks.entering(name, state, where)}({at})", given))
            inner = f"{given}.result"
        else:
            inner = at
        results = []
        for place, branch in enumerate(items(state.get("Branches"), f"{where}: Branches")):
            there = f"{where}: Branches[{place}]"
            reached = self.machine(mapping(branch, there), there, inner, steps, depth + 1)
            results += [reached.document] if reached.labels else []
        return self.joined(name, state, where, at, f"[{', '.join(results)}]", steps)

    def joined(self, name: str, state: dict[str, Any], where: str, at: str, results: str, steps: list[Step]) -> str:
        if "Retry" in state:
            self.gaps.of(f"{where}: Retry", "left out", "a block is not repeated as a whole", "tasks in it may `retry`")
        bound = self.names.take(f"{name}_joined")
        steps.append(Bind(f"{self.tasks.joining(name, state, where)}({at}, {results})", bound))
        return f"{bound}.result"


def catchers(state: dict[str, Any]) -> list[dict[str, Any]]:
    return state.get("Catch", [])


def _state(state: Any, where: str, language: str) -> dict[str, Any]:
    found = mapping(state, where)
    if found.get("Type") not in _TYPES:
        raise NotImported(f"{where}: Type is {shown(found.get('Type'))}; it is one of {', '.join(_TYPES)}")
    for key in ("Choices", "Catch", "Retry"):
        for place, each in enumerate(items(found.get(key, []), f"{where}: {key}")):
            rule = mapping(each, f"{where}: {key}[{place}]")
            if key != "Retry" and not isinstance(rule.get("Next"), str):
                raise NotImported(f"{where}: {key}[{place}]: has no `Next`; say where it leads")
    return {"QueryLanguage": language, **found}
