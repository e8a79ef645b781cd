"""A history whose requests are answered late, wrongly or not at all."""

from __future__ import annotations

import pytest
from econda_edsl.compile import compile_source

from econda_cloud.ports.log import Conflict, MemoryLog
from econda_cloud.schedule.history import run_history
from econda_cloud.wire.commands import RequestPlacement
from econda_cloud.wire.events import RunStarted, TimerFired

PLAN = compile_source("""edsl 1

task one() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    a = one()
    return y = a.y
""").plan
assert PLAN is not None
START = RunStarted(run="r", namespace="n", plan=PLAN.digest, params={}, seed=1)


class LostAnswer(MemoryLog):
    """Takes each first record of a log, but its client tries again and is told that it exists."""

    def append(self, name: str, expected: int, record: bytes) -> int:
        number = super().append(name, expected, record)
        if expected == 0:
            raise Conflict("exists")
        return number


def test_commands_of_a_record_that_was_taken_unanswered_are_not_lost():
    log = LostAnswer()
    history = run_history(log, lambda *_: PLAN, "r")
    commands = history.take([START], 1)
    assert any(isinstance(command, RequestPlacement) for command in commands)
    assert len(log.read("run/r")) == 1
    assert history.seq == 1


def test_a_record_of_somebody_else_is_not_taken_for_ones_own():
    log = MemoryLog()
    first, second = (run_history(log, lambda *_: PLAN, "r") for _ in range(2))
    first.take([START], 1)
    second.take([TimerFired()], 2)
    assert len(log.read("run/r")) == 2
    assert second.refresh() == first.refresh()


def test_a_plan_that_cannot_be_read_now_leaves_no_gap_in_the_state():
    log, answers = MemoryLog(), [OSError("slow down"), PLAN]

    def plans(*_: str):
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    history = run_history(log, plans, "r")
    with pytest.raises(OSError, match="slow down"):
        history.take([START], 1)
    history.take([TimerFired()], 2)
    assert history.state == run_history(log, lambda *_: PLAN, "r").refresh()
    assert history.seq == 2
