"""What became of each instance of a run, read off its log: the table that `econda show` and `why` print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from econda_cloud.money.prices import Price, attempt_cost
from econda_cloud.wire.events import (
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    ChunkLost,
    Entry,
    PlacementRefused,
    ResultsFound,
    ResultsMissing,
    Verdict,
)


class Attempt(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One attempt. `cost` in nano-dollars, None while unknown; times in ms since the epoch.

    One that was `reused` never ran; `not_reused` says why no earlier result could be used. `lender` names the chunk in
    whose place it was started eagerly.
    """

    attempt: int
    pool: str = ""
    offer: str = ""
    chunk: str = ""
    lender: str = ""
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
    """Fold a run's log into its instances, in the order in which they were first placed."""
    table: dict[str, Instance] = {}
    prices: dict[tuple[str, int], tuple[Price, int, int]] = {}
    for entry in entries:
        for event in entry.events:
            match event:
                case AttemptsPlaced():
                    for instance, number in event.items:
                        attempt = _attempt(table, instance, number)
                        attempt.state = "placed" if attempt.state == "waiting" else attempt.state
                        attempt.pool, attempt.offer, attempt.verdicts = event.pool, event.offer, event.verdicts
                        attempt.chunk, attempt.lender = event.chunk, event.lender
                        prices[instance, number] = (event.price, event.memory, len(event.items))
                case AttemptSucceeded():
                    _end(table, prices, event, "succeeded", "")
                    table[event.instance].outputs = event.outputs
                case AttemptFailed():
                    _end(table, prices, event, event.failure, event.message)
                case ChunkLost(chunk=chunk, failure=failure, message=message):
                    for row in table.values():
                        for attempt in row.attempts:
                            if chunk in (attempt.chunk, attempt.lender) and attempt.state == "placed":
                                attempt.state, attempt.message = failure, message
                case PlacementRefused(items=items, message=message):
                    for instance, number in items:
                        attempt = _attempt(table, instance, number)
                        attempt.state, attempt.message = "refused", message
                case ResultsFound(results=results):
                    for found in results:
                        attempt = _attempt(table, found.instance, found.attempt)
                        if attempt.state == "waiting":
                            attempt.state, attempt.message, attempt.cost = "reused", f"from {found.run}", 0
                            table[found.instance].outputs = found.outputs
                case ResultsMissing(items=items, reason=reason):
                    for instance, number in items:
                        attempt = _attempt(table, instance, number)
                        if attempt.state == "waiting":
                            attempt.not_reused = reason
                case _:
                    pass
    return table


def _attempt(table: dict[str, Instance], instance: str, number: int) -> Attempt:
    row = table.setdefault(instance, Instance(instance=instance))
    for attempt in row.attempts:
        if attempt.attempt == number:
            return attempt
    row.attempts.append(Attempt(attempt=number))
    return row.attempts[-1]


def _end(
    table: dict[str, Instance],
    prices: dict[tuple[str, int], tuple[Price, int, int]],
    event: AttemptSucceeded | AttemptFailed,
    state: str,
    message: str,
) -> None:
    attempt = _attempt(table, event.instance, event.attempt)
    if attempt.state != "placed":
        return
    attempt.state, attempt.message, attempt.log = state, message, event.log
    attempt.started_ms, attempt.ended_ms = event.started_ms, event.ended_ms
    if (event.instance, event.attempt) in prices:
        price, memory, share = prices[event.instance, event.attempt]
        attempt.cost = attempt_cost(price, max(0, event.ended_ms - event.started_ms), memory, share)
