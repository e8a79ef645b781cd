"""The real scheduler and broker on in-memory twins, killed before each of their effects in turn; redelivery finishes
the runs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.schedule.history import STATE_FORMAT
from econda_cloud.schedule.rounds import UnknownRun
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded, CancelRequested, RunStarted, TimerFired
from econda_cloud.wire.grants import RunTold
from tests.play import plan_of
from tests.unit.schedule.team import Team, pool

SOURCE = """edsl 1

task one(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (total: Int):
    many = foreach x in range(5):
        a = one(x)
        b = one(a.y)
        gather b.y
    c = one(sum(many.done))
    return total = c.y
"""


class Killed(BaseException):
    """As a process that is gone: nothing may catch it."""


class KillingLog(MemoryLog):
    """A log whose appends are effects too: whoever asks for one may die before it."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def append(self, name: str, expected: int, record: bytes) -> int:
        self._line.effect("append", name)
        return super().append(name, expected, record)


class Line(Team):
    """Attempts end when they are dispatched; before effect number `killed_at` whoever does it dies."""

    def __init__(self, plan: Plan, killed_at: int, *, grouped: bool = True) -> None:
        self.effects, self.killed_at, self.grouped = 0, 0, grouped
        super().__init__(plan, pool(slots=2, chunk_max=2), log=KillingLog(self), effect=self._effect)
        self.effects, self.killed_at = 0, killed_at
        self.claimed: set[str] = set()

    def _effect(self, what: str, whose: str) -> None:
        del what, whose
        self.effects += 1
        if self.effects == self.killed_at:
            raise Killed

    def play(self, runs: Sequence[str]) -> None:
        """Deliver messages one by one; one whose scheduler or broker died is delivered again, to a new one."""
        self.to_runs += [(run, self.started(run)) for run in runs]
        again = {"broker": False, "run": False}
        for now in itertools.count(1):
            assert now < 5_000
            self._report(now)
            if self.to_broker:
                kind, message = "broker", self.to_broker[0]
            elif self.to_runs:
                kind, message = "run", self.to_runs[0]
            else:
                return
            try:
                self._deliver(message, now, again[kind])
            except Killed:
                again[kind] = True
                if kind == "broker":
                    self.renew_broker()
                else:
                    self.renew()
                continue
            again[kind] = False
            (self.to_broker if kind == "broker" else self.to_runs).pop(0)

    def _deliver(self, message: RunTold | tuple[str, AnyEvent], now: int, again: bool) -> None:
        if isinstance(message, RunTold):
            self.broker.take([message], now, again=again)
        else:
            outcomes = self.take([(message[0], [message[1]])], now, again=again, unsure=not self.grouped)
            assert not outcomes.later, outcomes.later
            assert not outcomes.refused, outcomes.refused

    def _report(self, now: int) -> None:
        for chunk, (run, items) in list(self.chunks.items()):
            if chunk not in self.claimed:
                self.claimed.add(chunk)
                self.to_runs += [(run, AttemptSucceeded(instance=i, attempt=n, outputs={"y": 1}, started_ms=now, ended_ms=now + 9))
                                 for i, n in items]  # fmt: skip


PLAN = plan_of(SOURCE)


def effects_of_an_undisturbed_play() -> int:
    line = Line(PLAN, 0)
    line.play(["a", "b"])
    return line.effects


@pytest.mark.parametrize("grouped", [True, False], ids=["groups", "side by side"])
@pytest.mark.parametrize("killed_at", range(1, effects_of_an_undisturbed_play() + 1))
def test_runs_end_wherever_the_scheduler_or_the_broker_is_killed(killed_at, grouped):
    line = Line(PLAN, killed_at, grouped=grouped)
    line.play(["a", "b"])
    for run in ("a", "b"):
        state = line.state(run)
        assert state.outcome is not None, f"{run} was never finished"
        assert state.outcome.state == "succeeded"
        assert state.counts.succeeded == 11
    assert line.broker.state.runs == {}
    assert line.broker.state.used["fn"].slots == 0
    assert set(line.ended) == {"a", "b"}


def test_what_was_lost_of_the_end_of_a_run_is_made_up_for_when_its_message_comes_again():
    line = Line(PLAN, 0)
    line.begun("a")
    line.claimed = set(line.chunks)
    line.take([("a", [CancelRequested(by="ada")])], 2_000)
    assert line.state("a").outcome is None
    line.killed_at = line.effects + 2
    with pytest.raises(Killed):
        line.take([("a", [TimerFired(at_ms=200_000)])], 200_000)
    assert line.state("a").outcome is not None
    assert line.broker.state.runs, "the broker cannot know that the run is over"
    line.renew()
    line.take([("a", [TimerFired(at_ms=200_000)])], 200_001, again=True)
    line.settle(200_002)
    assert line.broker.state.runs == {}
    assert set(line.ended) == {"a"}


def test_events_of_an_unknown_run_are_refused_and_leave_nothing():
    line = Line(PLAN, 0)
    outcomes = line.take([("ghost", [TimerFired()])], 1)
    assert "ghost" in outcomes.refused["ghost"]
    with pytest.raises(UnknownRun, match="ghost"):
        line.rounds.take_one("ghost", [TimerFired()], 1)
    assert line.log.names("run/") == []


class Reading(MemoryLog):
    """Another's log, and after how many records it was read."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__()
        self._records, self.reads = log._records, list[int]()

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self.reads.append(after)
        return super().read(name, after, most)


def test_a_cold_reader_starts_from_the_snapshot_and_comes_to_the_same_state():
    log, blobs = MemoryLog(), MemoryBlobs()
    history = RunHistory(log, lambda *_: PLAN, "a", blobs, every=2)
    history.take([RunStarted(run="a", namespace="n", plan=PLAN.digest, params={}, seed=1)], 1)
    for now in range(2, 7):
        history.take([TimerFired()], now)
    assert blobs.exists("snapshots/run/a")
    cold = Reading(log)
    assert RunHistory(cold, lambda *_: PLAN, "a", blobs, every=2).refresh() == history.state
    assert cold.reads == [0, 6]


@pytest.mark.parametrize("damage", ["garbage", "cut", "of a newer format", "of an older format", "of something else"])
def test_a_snapshot_that_cannot_be_read_only_makes_the_reader_fold_more(damage, monkeypatch):
    log, blobs = MemoryLog(), MemoryBlobs()
    history = RunHistory(log, lambda *_: PLAN, "a", blobs, every=2)
    history.take([RunStarted(run="a", namespace="n", plan=PLAN.digest, params={}, seed=1)], 1)
    history.take([TimerFired()], 2)
    key = "snapshots/run/a"
    match damage:
        case "garbage":
            blobs.put(key, b"damaged")
        case "cut":
            blobs.put(key, blobs.get(key)[:-9])
        case "of a newer format":
            monkeypatch.setattr("econda_cloud.schedule.history.STATE_FORMAT", STATE_FORMAT - 1)
        case "of an older format":
            # That nobody knows to upgrade.
            monkeypatch.setattr("econda_cloud.schedule.history.STATE_FORMAT", STATE_FORMAT + 1)
        case _:
            blobs.put(key, blobs.get("snapshots/run/a")[::-1])
    cold = Reading(log)
    assert RunHistory(cold, lambda *_: PLAN, "a", blobs, every=2).refresh() == history.state
    assert cold.reads == [0, 0]
