"""A history whose requests are answered late, wrongly or not at all."""

from __future__ import annotations

import msgspec
import pytest

from econda_cloud.ports.log import Conflict, MemoryLog
from econda_cloud.run.pending import pending
from econda_cloud.schedule.history import TRIES
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.commands import TellBroker
from econda_cloud.wire.events import CancelRequested, RunStarted, TimerFired
from tests.play import plan_of

PLAN = plan_of("""edsl 1

task one() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    a = one()
    return y = a.y
""")
START = RunStarted(run="r", namespace="n", plan=PLAN.digest, params={}, seed=1)


def history_of(log: MemoryLog) -> RunHistory:
    return RunHistory(log, lambda *_: PLAN, "r")


class LostAnswer(MemoryLog):
    """Takes each first record of a log, but its client tries again and is told that it exists."""

    def append(self, name: str, expected: int, record: bytes) -> int:
        number = super().append(name, expected, record)
        if expected == 0:
            raise Conflict("exists")
        return number


def test_what_a_record_wants_that_was_taken_unanswered_is_not_lost():
    history = history_of(log := LostAnswer())
    state = history.take([START], 1)
    assert state is not None
    assert any(isinstance(command, TellBroker) for command in pending(state, history.done))
    assert len(log.read("run/r")) == 1
    assert history.seq == 1


def test_a_record_of_somebody_else_is_not_taken_for_ones_own():
    log = MemoryLog()
    first, second = history_of(log), history_of(log)
    first.take([START], 1)
    second.take([msgspec.structs.replace(START, seed=2)], 2)
    assert len(log.read("run/r")) == 2
    assert second.state is not None
    assert second.state.seed == 1, "a run begins once"
    assert second.refresh() == first.refresh()


def test_who_is_slower_decides_again_on_what_has_become_of_the_run():
    log = MemoryLog()
    first, second = history_of(log), history_of(log)
    first.take([START], 1)
    second.refresh()
    first.take([CancelRequested(by="ada")], 2)
    second.take([CancelRequested(by="bob")], 3)
    assert second.state == history_of(log).refresh()
    assert second.state.outcome.error == "cancelled by ada"


def test_who_is_always_slower_says_so_in_the_end():
    class Busy(MemoryLog):
        def append(self, name: str, expected: int, record: bytes) -> int:
            raise Conflict(f"somebody was faster: {name} {expected} {record!r}")

    with pytest.raises(Conflict, match=f"faster {TRIES} times"):
        history_of(Busy()).take([START], 1)


def test_a_record_of_which_nobody_knows_whether_it_is_there_is_looked_for():
    class Cut(MemoryLog):
        cut = True

        def append(self, name: str, expected: int, record: bytes) -> int:
            super().append(name, expected, record)
            if self.cut:
                self.cut = False
                raise ConnectionError("no answer")
            return expected + 1

    history = history_of(log := Cut())
    with pytest.raises(ConnectionError):
        history.take([START], 1)
    assert (history.seq, history.state) == (0, None), "it would be ahead of what it knows"
    history.refresh()
    history.take([TimerFired()], 2)
    assert history.seq == 2
    assert history.state == history_of(log).refresh()


def test_a_plan_that_cannot_be_read_now_leaves_no_gap_in_the_state(monkeypatch):
    monkeypatch.setattr("econda_cloud.schedule.run_history._KNOWN", {})
    log, answers = MemoryLog(), [OSError("slow down"), PLAN]

    def plans(*_: str):
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    history = RunHistory(log, plans, "r")
    with pytest.raises(OSError, match="slow down"):
        history.take([START], 1)
    history.take([START], 2)
    assert history.state == history_of(log).refresh()
    assert history.seq == 1
