"""Timers and clocks that disagree."""

from __future__ import annotations

from econda_edsl.compile import compile_source

from econda_cloud.run.step import step
from econda_cloud.wire.commands import SetTimer
from econda_cloud.wire.events import RunStarted, TimerFired

PLAN = compile_source("""edsl 1

task one() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    with:
        deadline = 10s
    a = one()
    return y = a.y
""").plan
assert PLAN is not None


def test_a_timer_that_rings_where_the_clock_is_behind_is_not_lost():
    start = RunStarted(run="r", namespace="n", plan=PLAN.digest, params={}, seed=1)
    state, commands = step(PLAN, None, [start], 1_000)
    [timer] = [command for command in commands if isinstance(command, SetTimer)]
    assert timer.at_ms == 11_000
    state, _ = step(PLAN, state, [TimerFired(at_ms=timer.at_ms)], timer.at_ms - 1_500)
    assert state is not None
    assert state.outcome is not None
    assert "deadline" in state.outcome.error
