"""A recorded workflow as a program: one step per recorded task, which sleeps as long as the task took, scaled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from econda_edsl.compiler.parse.layout import SOURCE_BYTES
from econda_edsl.importing.report import Gap, Gaps, Imported, NotImported
from econda_edsl.writing.literals import number_literal, size_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Inline, Input, PipelineText, Program, TaskText
from econda_edsl.writing.source import too_long

MEMORY_LEAST = 128 * 1024 * 1024
"""Bytes. A step is held to what it asks for, and the process that sleeps needs some memory itself."""

_MIB = 1024 * 1024
_SLEEP = "import time\n\ntime.sleep(seconds)"


@dataclass(slots=True)
class RecordedTask:
    """One task as it ran: seconds, cores and bytes; `kind` is the program it is an instance of."""

    id: str
    kind: str
    seconds: float
    parents: list[str] = field(default_factory=list)
    cpu: int | None = None
    memory: int | None = None
    where: str = ""


def imported(
    format: str, name: str, tasks: list[RecordedTask], gaps: Iterable[Gap], *, scale: float, head: list[str]
) -> Imported:
    """The program of a recording. Raises `NotImported` for no tasks, cycles, and what is too long for one file."""
    if not tasks:
        raise NotImported(f"{name}: the recording has no tasks; nothing to import")
    ordered = _ordered(tasks, name)
    found = Gaps(list(gaps))
    program = _program(name, ordered, scale, head, found, short=False)
    if too_long(program):
        program = _program(name, ordered, scale, head, found, short=True)
    if too_long(program):
        raise NotImported(
            f"{name}: {len(tasks):,} tasks and their dependencies make a program longer than {SOURCE_BYTES:,} bytes, "
            "which a source may have; import a part of the recording"
        )
    return Imported(format, program, found.found)


def _ordered(tasks: list[RecordedTask], name: str) -> list[RecordedTask]:
    """Parents before children, otherwise as recorded."""
    known = {task.id: task for task in tasks}
    sorter = TopologicalSorter({task.id: dict.fromkeys(task.parents) for task in tasks})
    try:
        return [known[id_] for id_ in sorter.static_order()]
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1][:12]))
        raise NotImported(
            f"{name}: tasks wait for each other in a circle: {circle}; no such workflow can have run, correct `parents`"
        ) from error


def _program(
    name: str, tasks: list[RecordedTask], scale: float, head: list[str], gaps: Gaps, *, short: bool
) -> Program:
    title = Names().take(name, "recorded")
    kinds = _Kinds(tasks, title)
    names = Names(["scale"])
    if short:
        head = [*head, "Steps are numbered, because their recorded names would make this file too long."]
    ids = {
        task.id: names.take(f"t{place + 1}" if short else task.id.rpartition(".")[2], "task")
        for place, task in enumerate(tasks)
    }
    steps = [
        Bind(
            f"{kinds.names[task.kind]}({number_literal(float(task.seconds))} * scale)",
            ids[task.id],
            after=[ids[parent] for parent in dict.fromkeys(task.parents)],
            settings=kinds.differences(task),
        )
        for task in tasks
    ]
    pipeline = PipelineText(
        title,
        list(steps),
        inputs=[
            Input("scale", "Float", number_literal(float(scale)), "0.0..1000.0", "seconds slept per second recorded")
        ],
        doc=f"{len(tasks)} recorded tasks, {sum(len(set(task.parents)) for task in tasks)} dependencies.",
    )
    if any((task.memory or MEMORY_LEAST) < MEMORY_LEAST for task in tasks):
        gaps.of(
            name,
            f"recorded memory below {MEMORY_LEAST // _MIB} MiB",
            "a step is held to the memory it asks for, and the process that sleeps needs some",
            f"such steps ask for {MEMORY_LEAST // _MIB} MiB",
        )
    return Program([pipeline], kinds.tasks(), head=head)


class _Kinds:
    """The tasks to declare: one per program, with the needs that most of its instances have."""

    def __init__(self, tasks: Iterable[RecordedTask], pipeline: str) -> None:
        names = Names([pipeline])
        seen: dict[str, list[Mapping[str, str]]] = {}
        for task in tasks:
            seen.setdefault(task.kind, []).append(_needs(task))
        self.names = {kind: names.take(kind.rpartition(".")[2], "task") for kind in seen}
        self.usual = {
            kind: {key: Counter(n[key] for n in needs).most_common(1)[0][0] for key in ("cpu", "memory")}
            for kind, needs in seen.items()
        }

    def differences(self, task: RecordedTask) -> dict[str, str]:
        return {key: value for key, value in _needs(task).items() if self.usual[task.kind][key] != value}

    def tasks(self) -> list[TaskText]:
        inputs = [Input("seconds", "Float")]
        return [
            TaskText(
                name,
                Inline("python", _SLEEP),
                inputs=inputs,
                needs={**self.usual[kind], "time": "1s * seconds"},
                doc=f"Recorded as {kind}.",
            )
            for kind, name in self.names.items()
        ]


def _needs(task: RecordedTask) -> dict[str, str]:
    memory = max(task.memory or 0, MEMORY_LEAST)
    return {"cpu": str(max(1, task.cpu or 1)), "memory": size_literal(-(-memory // _MIB) * _MIB)}
