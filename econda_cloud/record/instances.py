"""What became of each instance of a run, read off its log: the table that `econda show` and `why` print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from econda_cloud.money.prices import attempt_cost
from econda_cloud.wire.entries import Entry, Joined, Placed
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    ChunkLost,
    ChunkRefused,
    GrantsSet,
    Item,
    ResultsFound,
    ResultsMissing,
)
from econda_cloud.wire.grants import Grant, Verdict
from econda_cloud.wire.names import job_of


class Attempt(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One attempt. `cost` in nano-dollars, None while unknown; times in ms since the epoch.

    One that was `reused` never ran; `not_reused` says why no earlier result could be used.
    """

    attempt: int
    pool: str = ""
    offer: str = ""
    chunk: str = ""
    state: str = "waiting"
    started_ms: int = 0
    ended_ms: int = 0
    cost: int | None = None
    message: str = ""
    log: str = ""
    verdicts: tuple[Verdict, ...] = ()
    not_reused: str = ""


class Instance(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One instance with all its attempts, oldest first. Its state is that of its last attempt."""

    instance: str
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    outputs: dict[str, Any] | None = None

    @property
    def state(self) -> str:
        return self.attempts[-1].state if self.attempts else "waiting"


def instances_of(entries: Iterable[Entry]) -> dict[str, Instance]:
    """Read the instances off a run's log, in the order in which they were first placed."""
    reading = InstanceTable()
    for entry in entries:
        reading.add(entry)
    return reading.table


class InstanceTable:
    """What is known so far. Decisions about an event follow in the order of the events."""

    def __init__(self) -> None:
        self.table: dict[str, Instance] = {}
        self._grants: dict[str, Grant] = {}
        self._chunks: dict[str, tuple[Grant | None, tuple[Item, ...]]] = {}
        self._reporter, self._gone_on = "", dict[str, str]()
        self._waiting: dict[str, list[str]] = {}

    def add(self, entry: Entry) -> None:
        """Take in the next record of the log."""
        for event in entry.events:
            self._take(event)
        self._decided(entry)

    def _take(self, event: AnyEvent) -> None:
        match event:
            case GrantsSet(grants=grants):
                self._grants |= {grant.key: grant for grant in grants}
            case AttemptSucceeded():
                self._reporter = job_of(event.handle)
                if self._end(event, "succeeded", ""):
                    self._give_on(event.instance, event.outputs)
                self.table[event.instance].outputs = event.outputs
            case AttemptFailed():
                self._end(event, event.failure, event.message)
            case ChunkLost(chunk=chunk, failure=failure, message=message, index=index, handle=handle):
                self._end_chunk(chunk, failure, message, index)
                if handle and (following := self._gone_on.get(job_of(handle))):
                    self._end_chunk(following, failure, message, None)
            case ChunkRefused(chunk=chunk, why=why):
                self._end_chunk(chunk, "refused", f"its pool refuses it: {why}", None)
            case ResultsFound(results=results):
                for found in results:
                    attempt = _attempt(self.table, found.instance, found.attempt)
                    if attempt.state == "waiting":
                        attempt.state, attempt.message, attempt.cost = "reused", f"from {found.run}", 0
                        self.table[found.instance].outputs = found.outputs
            case ResultsMissing(items=items, reason=reason):
                for instance, number in items:
                    attempt = _attempt(self.table, instance, number)
                    if attempt.state == "waiting":
                        attempt.not_reused = reason
            case _:
                pass

    def _decided(self, entry: Entry) -> None:
        for decision in entry.decisions:
            if isinstance(decision, Joined):
                self._joined(decision)
            if isinstance(decision, Placed):
                grant = self._grants.get(decision.grant)
                self._chunks[decision.chunk] = (grant, decision.items)
                if decision.here:
                    self._gone_on[self._reporter] = decision.chunk
                for instance, number in decision.items:
                    attempt = _attempt(self.table, instance, number)
                    attempt.state = "placed" if attempt.state == "waiting" else attempt.state
                    attempt.chunk = decision.chunk
                    if grant is not None:
                        attempt.pool, attempt.offer, attempt.verdicts = grant.pool, grant.offer, grant.verdicts

    def _end_chunk(self, chunk: str, state: str, message: str, index: int | None) -> None:
        _, items = self._chunks.get(chunk, (None, ()))
        for number, item in enumerate(items):
            attempt = _attempt(self.table, *item)
            if attempt.state == "placed" and index in (None, number):
                attempt.state, attempt.message = state, message

    def _joined(self, decision: Joined) -> None:
        """One that waited for another call may be tried itself after all."""
        for waiting in self._waiting.values():
            if decision.instance in waiting:
                waiting.remove(decision.instance)
        if decision.leader:
            self._waiting.setdefault(decision.leader, []).append(decision.instance)

    def _give_on(self, leader: str, outputs: dict[str, Any]) -> None:
        for instance in self._waiting.pop(leader, ()):
            row = self.table[instance]
            last = row.attempts[-1]
            if last.state == "waiting":
                last.state, last.message, last.cost, row.outputs = "reused", f"from {leader}", 0, outputs

    def _end(self, event: AttemptSucceeded | AttemptFailed, state: str, message: str) -> bool:
        """Whether this is the end of the attempt, of which nothing was heard before."""
        attempt = _attempt(self.table, event.instance, event.attempt)
        if attempt.state != "placed":
            return False
        attempt.state, attempt.message, attempt.log = state, message, event.log
        attempt.started_ms, attempt.ended_ms = event.started_ms, event.ended_ms
        grant, items = self._chunks.get(attempt.chunk, (None, ()))
        if grant is not None:
            lasted = max(0, event.ended_ms - event.started_ms)
            attempt.cost = attempt_cost(grant.price, lasted, grant.memory, len(items))
        return True


def _attempt(table: dict[str, Instance], instance: str, number: int) -> Attempt:
    row = table.setdefault(instance, Instance(instance=instance))
    for attempt in row.attempts:
        if attempt.attempt == number:
            return attempt
    row.attempts.append(Attempt(attempt=number))
    return row.attempts[-1]
