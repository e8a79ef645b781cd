"""What a run comes to on a day on which nothing goes wrong."""

from __future__ import annotations

from collections import deque
from typing import Any

from econda_cloud.money.prices import Price
from econda_cloud.run.blocks import program_of
from econda_cloud.run.endings import current
from econda_cloud.run.state import Call, RunState
from econda_cloud.run.step import step
from econda_cloud.run.work import Work
from econda_cloud.wire.commands import AnyCommand, LookUp, RequestPlacement, SetTimer
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    ResultsMissing,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.outcome import Outcome
from tests.simulation.agenda import START_MS
from tests.simulation.generate import Program
from tests.simulation.workload import Doing, Nature, doing

YEAR_MS = 365 * 24 * 3_600_000


def calm_outcome(program: Program, run: str, params: dict[str, Any]) -> Outcome:
    """Every attempt is placed at once, free of charge, and reports at once."""
    events: deque[AnyEvent] = deque(
        [RunStarted(run=run, namespace="n", plan=program.plan.digest, params=params, seed=1)]
    )
    state: RunState | None = None
    now, timer, chunks = START_MS, START_MS, 0
    while state is None or state.outcome is None:
        if not events:
            now = max(now, timer)
            events.append(TimerFired())
        state, commands = step(program.plan, state, [events.popleft()], now)
        assert state is not None
        events += [ResultsMissing(items=each.items, reason="") for each in commands if isinstance(each, LookUp)]
        for command in commands:
            timer = command.at_ms if isinstance(command, SetTimer) else timer
        for placed in _placed(commands, chunks):
            chunks += 1
            state, more = step(program.plan, state, [placed], now)
            assert state is not None
            events += [_ended(program, state, instance, attempt, now) for instance, attempt in placed.items]
            timer = next((each.at_ms for each in more if isinstance(each, SetTimer)), timer)
    return state.outcome


def _placed(commands: list[AnyCommand], chunks: int) -> list[AttemptsPlaced]:
    requests = [command for command in commands if isinstance(command, RequestPlacement)]
    return [
        AttemptsPlaced(
            chunk=f"c{chunks + n}",
            pool="x",
            offer="x",
            spot=False,
            price=Price(),
            memory=1,
            items=each.items,
            lease_ms=YEAR_MS,
        )
        for n, each in enumerate(requests)
    ]


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
