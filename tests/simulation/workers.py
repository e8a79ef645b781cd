"""A worker as `econda_adapters.aws.worker.Worker` is one, step by step: the protocol is real, the work is imagined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from econda_adapters.aws.assignment import Assignment, assigned_chunk
from econda_adapters.aws.going_on import going_on

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Log
from econda_cloud.schedule.messages import write_message
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.simulate.processes import Steps
from econda_cloud.wire.chunk import Chunk, Report, WorkItem
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.wire.keys import log_key
from econda_cloud.worker.data.operator_state import OperatorState, StateMoved
from econda_cloud.worker.reports.claims import Cancellations, claim
from econda_cloud.worker.reports.delivery import Delivery, Send
from econda_cloud.worker.run_chunk import MARGIN_MS
from tests.simulation.workload import Doing

SLICES = 3
"""How often a running attempt looks whether it is still wanted."""


@dataclass
class Surroundings:
    """What a worker reaches. `begin` is told of every attempt that begins and says what it does; `agreed` is shown what
    a worker that goes on by itself knows of its run."""

    log: Log
    blobs: MemoryBlobs
    clock: Callable[[], int]
    send: Callable[[str, str], None]
    begin: Callable[[Chunk, WorkItem], Doing]
    spool: Path
    agreed: Callable[[str, RunHistory], None]
    stopping: Callable[[], bool] = lambda: False


def working(
    about: Surroundings, name: str, assignment: Assignment, index: int | None, deadline_ms: int | None, look_first: bool
) -> Steps:
    """The steps of a worker with this assignment, or with one member of it."""
    yield 1
    if not claim(about.log, assignment.chunk, index, name):
        return
    yield 1
    chunk = assigned_chunk(assignment, about.blobs)
    if index is not None:
        chunk = msgspec.structs.replace(chunk, items=(chunk.items[index],))
    course = going_on(assignment.run, about.log, about.blobs) if assignment.lone else None
    following, later = chunk, 0
    while following is not None:
        chunk, held = following, list[Report]()
        send = held.extend if course else partial(_send, about, chunk)
        yield from _chunk(about, name, chunk, index, deadline_ms, look_first, send, later)
        if course is not None:
            yield 1
            ends_ms = None if deadline_ms is None else deadline_ms - MARGIN_MS
            following, later = course.after(chunk.id, held, about.clock(), ends_ms), later + 1
            if following is not None:
                about.agreed(chunk.run, course._history)
        else:
            following = None
        if held and following is None:
            yield 1
            _send(about, chunk, held)


def _send(about: Surroundings, chunk: Chunk, reports: list[Report]) -> None:
    about.send(chunk.run, write_message(chunk.run, reports, about.blobs))


def _chunk(about: Surroundings, name: str, chunk: Chunk, index: int | None, deadline_ms: int | None, look_first: bool,
           send: Send, later: int) -> Steps:  # fmt: skip
    unwanted = Cancellations(about.log, chunk.id, now=about.clock())
    if look_first:
        unwanted.look(about.clock())
    delivery = Delivery(
        blobs=about.blobs,
        send=send,
        log_key=log_key(chunk.namespace, chunk.run, chunk.id, index),
        spool=about.spool / f"{name}.log",
        clock=about.clock,
    )
    for position, item in enumerate(chunk.items):
        yield 0
        report = yield from _attempt(about, chunk, item, unwanted, _limit(about, deadline_ms, position + later))
        delivery.add(report)
    yield 1
    delivery.end()


def _limit(about: Surroundings, deadline_ms: int | None, position: int) -> tuple[int, bool] | None:
    """How long this item may take at most, and whether that would be its own fault."""
    return None if deadline_ms is None else (deadline_ms - MARGIN_MS - about.clock(), position == 0)


def _attempt(about: Surroundings, chunk: Chunk, item: WorkItem, unwanted: Cancellations, place: tuple[int, bool] | None):  # fmt: skip
    began = about.clock()
    if place is not None and place[0] <= 0:
        return _failed(item, "preempted", began, began)
    if unwanted.includes((item.instance, item.attempt), began) or about.stopping():
        return _failed(item, "preempted", began, began)
    state = OperatorState(about.blobs, chunk.namespace, chunk.task.name, item.key) if chunk.task.state else None
    kept = state.read() if state is not None else None
    if state is not None and (committed := state.committed(chunk.run, item.instance)) is not None:
        return _succeeded(item, committed, began, about.clock())
    doing = about.begin(chunk, item)
    timeout = chunk.task.timeout_ms
    lasts = doing.ms if timeout is None else min(doing.ms, timeout)
    lasts = lasts if place is None else min(lasts, place[0])
    for part in range(SLICES):
        yield lasts * (part + 1) // SLICES - lasts * part // SLICES
        if unwanted.includes((item.instance, item.attempt), about.clock()) or about.stopping():
            return _failed(item, "preempted", began, about.clock())
    ended = max(began, about.clock())
    if lasts < doing.ms:
        fault = "preempted" if timeout != lasts and place is not None and not place[1] else "timed_out"
        return _failed(item, fault, began, ended)
    if doing.outputs is None:
        return _failed(item, doing.failure, began, ended)
    if state is not None and kept is not None:
        try:
            state.commit({"seen": kept.values.get("seen", 0) + 1}, doing.outputs, chunk.run, item.instance)
        except StateMoved:
            return _failed(item, "preempted", began, ended)
        yield 0
    return _succeeded(item, doing.outputs, began, ended)


def _succeeded(item: WorkItem, outputs: dict[str, Any], began: int, ended: int) -> Report:
    return AttemptSucceeded(
        instance=item.instance, attempt=item.attempt, outputs=outputs, started_ms=began, ended_ms=ended
    )


def _failed(item: WorkItem, failure, began: int, ended: int) -> Report:
    return AttemptFailed(
        instance=item.instance, attempt=item.attempt, failure=failure, message="imagined", started_ms=began, ended_ms=ended
    )  # fmt: skip
