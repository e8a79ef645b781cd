"""A worker as `econda_cloud.worker.work.Worker` is one, step by step: gateway and protocol are real, the work is imagined."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.gateway.requests import Request
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.gateway.work_answers import AfterReport
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Log
from econda_cloud.ports.secrets import LocalSecrets
from econda_cloud.simulate.bills import Span
from econda_cloud.simulate.processes import Steps
from econda_cloud.simulate.stores import Throttled
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.assignment import NOTHING, Assignment
from econda_cloud.wire.chunk import Chunk, Report, WorkItem, decode_chunk
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.worker.data.operator_state import OperatorState, StateMoved
from econda_cloud.worker.reports.delivery import FLUSH_MS
from econda_cloud.worker.run_chunk import MARGIN_MS
from tests.simulation.workload import Doing

# It tells of every failure of its stores, which are many here.
logging.getLogger("econda_cloud.gateway").setLevel(logging.CRITICAL + 1)
TOKENS = Tokens(lambda: KeyRing((Key(id="k", secret=b"k" * 32),)))
TRIES = 8
BEAT_MS = 50_000
LOOK_MS = 5_000
SLICES = 3
"""How often a running attempt looks whether it is still wanted."""


@dataclass
class Surroundings:
    """What a worker reaches. `begin` is told of every attempt that begins, says what it does and meters it by `real_clock`
    (ms); `went_on`, that one is gone on with where the one before it ended."""

    log: Log
    blobs: MemoryBlobs
    clock: Callable[[], int]
    send: Callable[[str, str], None]
    real_clock: Callable[[], int]
    begin: Callable[[Chunk, WorkItem], tuple[Doing, Span]]
    after_report: AfterReport
    went_on: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False


class Peer:
    """A worker as the gateway meets it: its requests go through the real handler, over stores that may fail."""

    def __init__(self, about: Surroundings, name: str, assignment: Assignment) -> None:
        ports = Ports(
            about.log, about.blobs, _Sender(about.send), OwnLinks(TOKENS), lambda _: LocalSecrets({}), about.clock
        )
        self._gateway, self.document = Gateway(ports, TOKENS, about.after_report), assignment.document
        self.name, self.token = name, assignment.token

    def ask(self, path: str, body: protocol.Body, kind: Any) -> Generator[int, None, Any]:
        """The answer, after so many tries as it takes; None if it is refused. Raises `Throttled` without patience."""
        for again in range(TRIES):
            yield 1 if again == 0 else 500 * 2 ** min(again, 6)
            request = Request("POST", path, {}, {"authorization": f"Bearer {self.token}"}, msgspec.json.encode(body))
            response = self._gateway.handle(request)
            assert isinstance(response.body, bytes)
            if response.status == 200:
                return msgspec.json.decode(response.body, type=kind)
            if response.status == 428:
                body = msgspec.structs.replace(body, document=self.document)
            elif response.status not in (429, 503):
                assert response.status == 409, response.body
                return None
        raise Throttled(path)


class _Sender:
    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send

    def send(self, bodies: Sequence[str], *, group: str = "", **_: Any) -> None:
        for body in bodies:
            self._send(group, body)


def working(
    about: Surroundings,
    name: str,
    handle: str,
    assignment: Assignment,
    index: int | None,
    deadline_ms: int | None,
    look_first: bool,
) -> Steps:
    """The steps of a worker with this assignment, or with one member of it."""
    peer = Peer(about, name, assignment)
    claim = protocol.Claim(chunk=assignment.chunk, namespace=assignment.namespace, owner=name, handle=handle, index=index,
                           look=look_first, document=assignment.document)  # fmt: skip
    claimed = yield from peer.ask("/v1/claim", claim, protocol.Claimed)
    if claimed is None:
        return
    peer.token = claimed.token
    inline = bytes(assignment.document) != bytes(NOTHING)
    chunk = decode_chunk(bytes(assignment.document if inline else claimed.document))
    if index is not None:
        chunk = msgspec.structs.replace(chunk, items=(chunk.items[index],))
    work, later = _Working(about, peer, chunk, set(map(tuple, claimed.cancelled)), deadline_ms), 0
    while True:
        reported = None
        for position, item in enumerate(work.chunk.items):
            yield 0
            report = yield from _attempt(work, item, _limit(about, deadline_ms, position + later))
            if work.lost:
                return
            reported = yield from work.report(report, last=position + 1 == len(work.chunk.items))
            if reported is None:
                return
        if reported is None or reported.next is None:
            return
        about.went_on()
        peer.token, peer.document = reported.next.token, reported.next.document
        work = _Working(about, peer, decode_chunk(bytes(reported.next.document)), set(), deadline_ms)
        later += 1


@dataclass
class _Working:
    """A claimed chunk while its worker lives. `lost`: another worker has it by now."""

    about: Surroundings
    peer: Peer
    chunk: Chunk
    cancelled: set[Any]
    deadline_ms: int | None = None
    lost: bool = False
    held: list[Report] = field(default_factory=list)
    since: int | None = None

    def report(self, report: Report, *, last: bool) -> Generator[int, None, protocol.Reported | None]:
        """As `reports.delivery` does: with others, unless those before have waited long enough. None if it was refused."""
        self.held.append(report)
        self.since = self.about.clock() if self.since is None else self.since
        if not last and self.about.clock() - self.since < FLUSH_MS:
            return protocol.Reported()
        ends_ms = None if self.deadline_ms is None else self.deadline_ms - MARGIN_MS
        body = protocol.SendReport(events=msgspec.Raw(msgspec.json.encode(self.held)), last=last,
                                   may_go_on=len(self.chunk.items) == 1, ends_ms=ends_ms)  # fmt: skip
        self.held, self.since = [], None
        return (yield from self.peer.ask("/v1/report", body, protocol.Reported))

    def beat(self) -> Generator[int, None, None]:
        beat = yield from self.peer.ask("/v1/heartbeat", protocol.Heartbeat(alive=True), protocol.Beat)
        if beat is None:
            self.lost = True
            return
        self.peer.token = beat.token
        self.cancelled.update(map(tuple, beat.cancelled))

    def stopped(self, item: WorkItem) -> bool:
        return self.lost or self.about.stopping() or (item.instance, item.attempt) in self.cancelled


def _limit(about: Surroundings, deadline_ms: int | None, position: int) -> tuple[int, bool] | None:
    """How long this item may take at most, and whether that would be its own fault."""
    return None if deadline_ms is None else (deadline_ms - MARGIN_MS - about.clock(), position == 0)


def _attempt(work: _Working, item: WorkItem, place: tuple[int, bool] | None) -> Generator[int, None, Report]:
    about, chunk = work.about, work.chunk
    began = about.clock()
    if (place is not None and place[0] <= 0) or work.stopped(item):
        return _failed(item, "preempted", began, began)
    state = OperatorState(about.blobs, chunk.namespace, chunk.task.name, item.key) if chunk.task.state else None
    kept = state.read() if state is not None else None
    if state is not None and (committed := state.committed(chunk.run, item.instance)) is not None:
        return _succeeded(item, committed, began, about.clock())
    doing, span = about.begin(chunk, item)
    try:
        failure = yield from _lasting(work, item, doing, place)
    finally:
        # However it ended: its process may have been killed.
        span.until_ms = about.real_clock()
    ended = about.clock()
    if failure or doing.outputs is None:
        return _failed(item, failure or doing.failure, began, ended)
    if state is not None and kept is not None:
        try:
            state.commit({"seen": kept.values.get("seen", 0) + 1}, doing.outputs, chunk.run, item.instance)
        except StateMoved:
            return _failed(item, "preempted", began, ended)
        yield 0
    return _succeeded(item, doing.outputs, began, ended)


def _lasting(work: _Working, item: WorkItem, doing: Doing, place: tuple[int, bool] | None) -> Generator[int, None, Any]:
    """Time passes; the kind of failure if the attempt does not come to its own end."""
    timeout = work.chunk.task.timeout_ms
    lasts = doing.ms if timeout is None else min(doing.ms, timeout)
    lasts = lasts if place is None else min(lasts, place[0])
    slices = max(SLICES, -(-lasts // BEAT_MS))
    for part in range(slices):
        yield lasts * (part + 1) // slices - lasts * part // slices
        if lasts // slices >= LOOK_MS:
            yield from work.beat()
        if work.stopped(item):
            return "preempted"
    if lasts < doing.ms:
        return "preempted" if timeout != lasts and place is not None and not place[1] else "timed_out"
    return ""


def _succeeded(item: WorkItem, outputs: dict[str, Any], began: int, ended: int) -> Report:
    return AttemptSucceeded(
        instance=item.instance, attempt=item.attempt, outputs=outputs, started_ms=began, ended_ms=ended
    )


def _failed(item: WorkItem, failure, began: int, ended: int) -> Report:
    return AttemptFailed(
        instance=item.instance, attempt=item.attempt, failure=failure, message="imagined", started_ms=began, ended_ms=ended
    )  # fmt: skip
