"""What became of instances, told by logs in which answers come twice and late."""

from __future__ import annotations

import pytest

from econda_cloud.money.prices import Price
from econda_cloud.record.instances import instances_of
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptsPlaced,
    AttemptSucceeded,
    Entry,
    Found,
    ResultsFound,
    ResultsMissing,
)

FOUND = ResultsFound(results=(Found(instance="p/a", attempt=1, outputs={"y": 7}, run="before", source="p/a"),))
MISSING = ResultsMissing(items=(("p/a", 1),), reason="it has not run before")
PLACED = AttemptsPlaced(chunk="c", pool="x", offer="x", spot=False, price=Price(), memory=1, items=(("p/a", 1),), lease_ms=1)  # fmt: skip
DONE = AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=1, ended_ms=2)


@pytest.mark.parametrize(
    ("events", "state", "outputs", "reason"),
    [
        ([FOUND], "reused", {"y": 7}, ""),
        ([FOUND, MISSING], "reused", {"y": 7}, ""),
        ([MISSING], "waiting", None, "it has not run before"),
        ([MISSING, PLACED], "placed", None, "it has not run before"),
        ([MISSING, PLACED, DONE, FOUND], "succeeded", {"y": 1}, "it has not run before"),
        ([MISSING, PLACED, DONE, MISSING, PLACED], "succeeded", {"y": 1}, "it has not run before"),
    ],
)
def test_the_first_answer_counts(events: list[AnyEvent], state: str, outputs: object, reason: str) -> None:
    row = instances_of([Entry(engine=1, now=0, events=(event,)) for event in events])["p/a"]
    assert (row.state, row.outputs, row.attempts[0].not_reused) == (state, outputs, reason)
