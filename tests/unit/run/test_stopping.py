"""What is stopped when something fails: what still runs, and not what has just ended."""

from __future__ import annotations

from econda_edsl.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step
from econda_cloud.wire.commands import CancelAttempts, RequestPlacement
from econda_cloud.wire.events import AttemptFailed, AttemptsPlaced, AttemptSucceeded, PlacementRefused, RunStarted

TOLERANT = """edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    f = foreach i in 1..2 with tolerate = 100%:
        a = t(i)
        b = t(i)
        gather a.y + b.y
    return n = len(f.failed)
"""


def begun() -> tuple[Plan, RunState, list[tuple[str, int]]]:
    """All four attempts in one chunk."""
    plan = compile_source(TOLERANT).plan
    assert plan is not None
    state, commands = step(plan, None, [RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1)], 0)
    items = [item for each in commands if isinstance(each, RequestPlacement) for item in each.items]
    placed = AttemptsPlaced(chunk="c", pool="x", offer="x", spot=False, price=Price(), memory=1, items=tuple(items),
                            lease_ms=10**9)  # fmt: skip
    state, _ = step(plan, state, [placed], 1)
    assert state is not None
    return plan, state, items


def failed(instance: str) -> AttemptFailed:
    return AttemptFailed(instance=instance, attempt=1, failure="failed", message="no", started_ms=1, ended_ms=2)


def test_a_tolerated_failure_stops_its_siblings_and_waits_for_nobody_else() -> None:
    plan, state, items = begun()
    assert len(items) == 4
    state, commands = step(plan, state, [failed("p/f[0]/a")], 2)
    assert state is not None
    [cancel] = [each for each in commands if isinstance(each, CancelAttempts)]
    assert cancel.items == (("p/f[0]/b", 1),)
    assert set(state.stopping) == {"p/f[0]/b#1"}
    assert (state.counts.failed, state.counts.cancelled) == (1, 1)
    done = [AttemptSucceeded(instance=f"p/f[1]/{name}", attempt=1, outputs={"y": 1}, started_ms=1, ended_ms=2) for name in "ab"]  # fmt: skip
    state, _ = step(plan, state, [failed("p/f[0]/b"), *done], 3)
    assert state is not None
    assert state.outcome is not None, "the run waits for an attempt that has ended"
    assert state.outcome.outputs == {"n": 1}


def test_a_refused_attempt_is_no_cancelled_one() -> None:
    plan = compile_source(TOLERANT).plan
    assert plan is not None
    state, _ = step(plan, None, [RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1)], 0)
    state, _ = step(plan, state, [PlacementRefused(items=(("p/f[0]/a", 1),), message="never")], 1)
    assert state is not None
    assert (state.counts.failed, state.counts.cancelled) == (1, 1)
