"""One scheduler: takes events of runs, folds and steps them, asks the broker, and carries commands out.

It decides nothing; the engine and the broker do. Whoever hosts it supplies the log, the plans and the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from econda_edsl.plan import Plan

from econda_cloud.place.events import (
    AnyBrokerCommand,
    AnyBrokerEvent,
    AttemptsReleased,
    Place,
    PlacementRequested,
    PoolsDeclared,
    Refuse,
)
from econda_cloud.place.state import Pool
from econda_cloud.ports.log import Log
from econda_cloud.run.commands import (
    AnyCommand,
    CancelAttempts,
    Dispatch,
    FinishRun,
    Release,
    RequestPlacement,
    SetTimer,
)
from econda_cloud.run.events import AnyEvent, PlacementRefused
from econda_cloud.run.state import RunState
from econda_cloud.run.step import outstanding
from econda_cloud.schedule.history import RunHistory, broker_history, run_history


class Effects(Protocol):
    """What a scheduler can do to the world. Each is idempotent."""

    def dispatch(self, plan: Plan, state: RunState, command: Dispatch) -> None: ...

    def cancel(self, run: str, command: CancelAttempts) -> None: ...

    def wake(self, run: str, at_ms: int) -> None: ...

    def finished(self, run: str, state: RunState) -> None: ...


class Scheduler:
    """The scheduler of one team. `plan_of` finds the plan of a run by the run's name."""

    def __init__(self, log: Log, team: str, plan_of: Callable[[str], Plan], effects: Effects) -> None:
        self._log, self._plan_of, self._effects = log, plan_of, effects
        self._broker = broker_history(log, team)
        self._broker.refresh()
        self._plans: dict[str, Plan] = {}
        self._runs: dict[str, RunHistory] = {}

    def declare(self, pools: tuple[Pool, ...], now: int) -> None:
        """Make these the team's pools, if they are not already."""
        if self._broker.state.pools != {pool.name: pool for pool in pools}:
            self._tell_runs(self._broker.take([PoolsDeclared(pools=pools)], now), now)

    def state(self, run: str) -> RunState | None:
        return self._history(run).state

    def take(self, run: str, events: Iterable[AnyEvent], now: int) -> None:
        """Take events of one run and carry out everything that follows from them, in other runs too."""
        self._follow([(run, command) for command in self._history(run).take(events, now)], now)

    def repeat(self, run: str, now: int) -> None:
        """Carry out again what the run's state does not show the effect of: after a crash or a redelivery."""
        state = self.state(run)
        if state is not None:
            self._follow([(run, command) for command in outstanding(self._plan(run), state)], now)

    def _follow(self, commands: list[tuple[str, AnyCommand]], now: int) -> None:
        """Carry out commands in rounds: effects at once, questions to the broker in one append per round."""
        while commands:
            questions: list[AnyBrokerEvent] = []
            for run, command in commands:
                questions += self._carry_out(run, command)
            commands = self._tell_runs(self._broker.take(questions, now), now) if questions else []

    def _carry_out(self, run: str, command: AnyCommand) -> list[AnyBrokerEvent]:
        match command:
            case RequestPlacement(demand=demand, items=items):
                return [PlacementRequested(run=run, demand=demand, items=items)]
            case Release(items=items):
                return [AttemptsReleased(run=run, items=items)]
            case Dispatch():
                state = self.state(run)
                assert state is not None
                self._effects.dispatch(self._plan(run), state, command)
            case CancelAttempts():
                self._effects.cancel(run, command)
            case SetTimer(at_ms=at_ms):
                self._effects.wake(run, at_ms)
            case FinishRun():
                state = self.state(run)
                assert state is not None
                self._effects.finished(run, state)
        return []

    def _tell_runs(self, commands: list[AnyBrokerCommand], now: int) -> list[tuple[str, AnyCommand]]:
        """Tell runs what the broker decided, one append per run; returns what the runs command next."""
        told: dict[str, list[AnyEvent]] = {}
        for command in commands:
            match command:
                case Place(run=run, placement=placement):
                    told.setdefault(run, []).append(placement)
                case Refuse(run=run, items=items, message=message):
                    told.setdefault(run, []).append(PlacementRefused(items=items, message=message))
        return [(run, command) for run, events in told.items() for command in self._history(run).take(events, now)]

    def _plan(self, run: str) -> Plan:
        if run not in self._plans:
            self._plans[run] = self._plan_of(run)
        return self._plans[run]

    def _history(self, run: str) -> RunHistory:
        if run not in self._runs:
            self._runs[run] = run_history(self._log, self._plan(run), run)
            self._runs[run].refresh()
        return self._runs[run]
