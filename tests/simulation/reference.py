"""What a run comes to on a day on which nothing goes wrong."""

from __future__ import annotations

from collections import deque
from typing import Any

from econda_cloud.money.prices import Price
from econda_cloud.run.advance import decide
from econda_cloud.run.blocks import program_of
from econda_cloud.run.endings import current
from econda_cloud.run.pending import pending
from econda_cloud.run.state import Call, RunState
from econda_cloud.run.work import Work
from econda_cloud.simulate.agenda import START_MS
from econda_cloud.wire.commands import Dispatch, LookUp, TellBroker
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    GrantsSet,
    ResultsMissing,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.grants import Grant, RunTold
from econda_cloud.wire.outcome import Outcome
from tests.simulation.generate import Program
from tests.simulation.workload import Doing, Nature, doing

YEAR_MS = 365 * 24 * 3_600_000


def calm_outcome(program: Program, run: str, params: dict[str, Any]) -> Outcome:
    """Every attempt is placed at once, free of charge, and reports at once."""
    events: deque[AnyEvent] = deque(
        [RunStarted(run=run, namespace="n", plan=program.plan.digest, params=params, seed=1)]
    )
    state: RunState | None = None
    now, versions, seq = START_MS, 0, 0
    while state is None or state.outcome is None:
        if not events:
            assert state is not None
            now = max(now, state.wake_ms)
            events.append(TimerFired())
        # One after another while there are few: many at once come to the same, sooner.
        batch = [events.popleft() for _ in range(max(1, len(events) // 2))]
        state, _ = decide(program.plan, state, batch, now)
        assert state is not None
        for command in pending(state, seq):
            match command:
                case LookUp(items=items):
                    events.append(ResultsMissing(items=items, reason=""))
                case TellBroker(told=told):
                    versions += 1
                    events.append(_all_that_is_wanted(told, versions))
                case Dispatch(items=items):
                    events += [_ended(program, state, instance, attempt, now) for instance, attempt in items]
                case _:
                    pass
        seq = state.seq
    return state.outcome


def _all_that_is_wanted(told: RunTold, version: int) -> GrantsSet:
    grants = [
        Grant(demand=want.demand.key, pool="x", offer="x", slots=want.ready + sum(want.held.values()),
              until_ms=START_MS + YEAR_MS, price=Price(), array=True, chunk_max=100, lease_ms=YEAR_MS)
        for want in told.wants
    ]  # fmt: skip
    return GrantsSet(version=version, told=told.version, grants=tuple(grants))


def _ended(program: Program, state: RunState, instance: str, attempt: int, now: int) -> AnyEvent:
    found = current(Work(program_of(program.plan), state, now), (instance, attempt))
    call = found[1] if found else Call(task="", args={})
    did = doing(program.natures.get(call.task, Nature()), call.task, instance, attempt, call.args)
    task = program.plan.tasks.get(call.task)
    if task is not None and task.timeout_ms is not None and task.timeout_ms < did.ms:
        did = Doing(task.timeout_ms, None, "timed_out")
    if did.outputs is None:
        return AttemptFailed(instance=instance, attempt=attempt, failure=did.failure, message="imagined")
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs=did.outputs, started_ms=now, ended_ms=now)
