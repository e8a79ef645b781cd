"""What became of instances, told by logs in which answers come twice and late."""

from __future__ import annotations

import pytest

from econda_cloud.money.prices import Price
from econda_cloud.record.instances import instances_of
from econda_cloud.wire.entries import AnyDecision, Entry, Placed
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptSucceeded,
    ChunkLost,
    ChunkRefused,
    Found,
    GrantsSet,
    ResultsFound,
    ResultsMissing,
)
from econda_cloud.wire.grants import Grant, Verdict

FOUND = ResultsFound(results=(Found(instance="p/a", attempt=1, outputs={"y": 7}, run="before", source="p/a"),))
MISSING = ResultsMissing(items=(("p/a", 1),), reason="it has not run before")
VERDICTS = (Verdict(offer="x", score=3, chosen=True), Verdict(offer="dear", score=9))
GRANT = Grant(demand="d", pool="pool", offer="x", slots=1, until_ms=9, price=Price(per_hour=3_600_000), verdicts=VERDICTS)  # fmt: skip
LENT = GrantsSet(version=1, told=1, grants=(GRANT,))
PLACED = Placed(chunk="c", grant=GRANT.key, items=(("p/a", 1),), cost=1, look_ms=1, until_ms=1)
DONE = AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=1_000, ended_ms=3_000)


def entry(*what: AnyEvent | AnyDecision) -> Entry:
    decisions = tuple(each for each in what if isinstance(each, Placed))
    return Entry(engine=2, now=0, events=tuple(each for each in what if not isinstance(each, Placed)), decisions=decisions)  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize(
    ("log", "state", "outputs", "reason"),
    [
        ([FOUND], "reused", {"y": 7}, ""),
        ([FOUND, MISSING], "reused", {"y": 7}, ""),
        ([MISSING], "waiting", None, "it has not run before"),
        ([MISSING, PLACED], "placed", None, "it has not run before"),
        ([MISSING, PLACED, DONE, FOUND], "succeeded", {"y": 1}, "it has not run before"),
        ([MISSING, PLACED, DONE, MISSING], "succeeded", {"y": 1}, "it has not run before"),
    ],
)
def test_the_first_answer_counts(log, state: str, outputs: object, reason: str) -> None:
    row = instances_of([entry(each) for each in log])["p/a"]
    assert (row.state, row.outputs, row.attempts[0].not_reused) == (state, outputs, reason)


def test_an_attempt_has_the_place_the_reasons_and_the_cost_of_the_grant_it_was_placed_in() -> None:
    [attempt] = instances_of([entry(LENT), entry(PLACED), entry(DONE)])["p/a"].attempts
    assert (attempt.pool, attempt.offer, attempt.chunk, attempt.verdicts) == ("pool", "x", "c", VERDICTS)
    assert attempt.cost == 2_000


def test_a_grant_as_it_was_when_it_was_used_counts() -> None:
    dearer = GrantsSet(version=2, told=1, grants=(Grant(demand="d", pool="pool", offer="x", slots=1, until_ms=9, price=Price(per_hour=7_200_000)),))  # fmt: skip
    [attempt] = instances_of([entry(LENT), entry(PLACED), entry(dearer), entry(DONE)])["p/a"].attempts
    assert attempt.cost == 2_000


@pytest.mark.parametrize(
    ("word", "state", "message"),
    [
        (ChunkLost(chunk="c", failure="preempted", message="host gone"), "preempted", "host gone"),
        (ChunkLost(chunk="c", failure="lost", message="gone", index=1), "placed", ""),
        (ChunkRefused(chunk="c", why="no such image"), "refused", "its pool refuses it: no such image"),
    ],
)
def test_what_becomes_of_a_chunk_becomes_of_its_attempts(word, state: str, message: str) -> None:
    row = instances_of([entry(LENT), entry(PLACED), entry(word)])["p/a"]
    assert (row.state, row.attempts[0].message) == (state, message)
