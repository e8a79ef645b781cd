"""One scheduler: takes events of runs, folds and steps them, asks the broker, and carries commands out.

It decides nothing; the engine and the broker do. Whoever hosts it supplies the log, the plans and the effects.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
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
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict, Log
from econda_cloud.run.outbox import unwanted
from econda_cloud.run.state import RunState
from econda_cloud.run.step import outstanding
from econda_cloud.schedule.eager import Tenure, eager_start, lone_chunk
from econda_cloud.schedule.history import SNAPSHOT_EVERY, Plans, RunHistory, broker_history, run_history
from econda_cloud.wire.commands import (
    AnyCommand,
    CancelAttempts,
    Dispatch,
    FinishRun,
    Keep,
    LookUp,
    Release,
    RequestPlacement,
    SetTimer,
)
from econda_cloud.wire.events import AnyEvent, Item, PlacementRefused, RunStarted
from econda_cloud.wire.pools import Pool

RUNS_WARM = 256
"""Runs whose state a scheduler keeps in memory; others are read again when an event comes."""


class UnknownRun(LookupError):
    """Events came for a run that was never started."""


class Effects(Protocol):
    """What a scheduler can do to the world. Each may be repeated, and then changes nothing."""

    def dispatch(self, plan: Plan, state: RunState, commands: Sequence[Dispatch]) -> Sequence[AnyEvent]:
        """Hand chunks of one run to their pools; returns what is known of it at once."""
        ...

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None: ...

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        """Answer at once whether results are kept."""
        ...

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None: ...

    def wake(self, run: str, at_ms: int, now: int) -> None: ...

    def finished(self, state: RunState, seq: int) -> None: ...


class Scheduler:
    """The scheduler of one team. `plans` finds the plan of a run; `snapshots` keeps states, if given."""

    def __init__(
        self,
        log: Log,
        team: str,
        plans: Plans,
        effects: Effects,
        snapshots: BlobStore | None = None,
        *,
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        self._log, self._find_plan, self._effects = log, plans, effects
        self._snapshots, self._every = snapshots, snapshot_every
        self._broker = broker_history(log, team, snapshots, snapshot_every)
        self._broker.refresh()
        self._plans: dict[str, Plan] = {}
        self._runs: OrderedDict[str, RunHistory] = OrderedDict()

    def declare(self, pools: tuple[Pool, ...], now: int) -> None:
        """Make these the team's pools, if they are not already."""
        if self._broker.state.pools != {pool.name: pool for pool in pools}:
            self._follow(self._tell_runs(self._broker.take([PoolsDeclared(pools=pools)], now), {}, now), now)

    def state(self, run: str) -> RunState | None:
        return self._history(run).state

    def seq(self, run: str) -> int:
        """How many records of the run's log the state has in it."""
        return self._history(run).seq

    def take(self, run: str, events: Iterable[AnyEvent], now: int) -> set[str]:
        """Take events of one run and carry out all that follows, in other runs too; returns the runs that changed.

        Raises `UnknownRun` if nothing ever started this run.
        """
        history, events = self._history(run), tuple(events)
        if history.state is None and not any(isinstance(event, RunStarted) for event in events):
            history.refresh()
            if history.state is None:
                del self._runs[run]
                raise UnknownRun(f"there is no run `{run}`")
        return {run} | self._follow([(run, command) for command in history.take(events, now)], now)

    def take_in_place(self, run: str, chunk: str, events: Sequence[AnyEvent], place: Tenure, now: int) -> set[str]:
        """As `take`, for reports of a chunk whose place is there for the attempt that they make ready, if that will do."""
        history = self._history(run)
        held = lone_chunk(history.state, chunk, events)
        if held is None:
            return self.take(run, events, now)
        commands = history.propose(events, now)
        if (placed := eager_start(commands, held, place, now)) is not None:
            commands = history.propose([placed], now)
        try:
            history.commit(now)
        except Conflict:
            history.refresh()
            return self.take(run, events, now)
        return {run} | self._follow([(run, command) for command in commands], now)

    def repeat(self, run: str, now: int) -> set[str]:
        """Carry out again what no state shows the effect of, after a crash or a redelivery; the runs that changed.

        A scheduler that died may have placed attempts of other runs too and not told them, or not dispatched them,
        so every run that the broker knows of is looked at, and what the broker keeps for nobody is released.
        """
        known = self._known_to_broker()
        changed: set[str] = set()
        for name in dict.fromkeys([run, *known]):
            self._history(name).refresh()
            state = self.state(name)
            if state is not None:
                plan = self._plan(state.namespace, state.run)
                commands = outstanding(plan, state)
                if stale := unwanted(plan, state, known.get(name, ())):
                    commands.append(Release(items=tuple(stale)))
                changed |= self._follow([(name, each) for each in commands], now)
        return changed

    def _known_to_broker(self) -> dict[str, list[Item]]:
        """By run, the attempts that hold capacity, wait for it, or were refused and may not know."""
        state, known = self._broker.refresh(), dict[str, list[Item]]()
        for waiting in state.waiting:
            known.setdefault(waiting.run, []).extend(waiting.items.items())
        for held in state.held.values():
            known.setdefault(held.run, []).extend(held.open)
        for run, refused in state.refused.items():
            known.setdefault(run, []).extend(refused.items())
        return known

    def _follow(self, commands: list[tuple[str, AnyCommand]], now: int) -> set[str]:
        """Carry out commands in rounds; a round asks the broker once and appends once to each run it concerns."""
        changed: set[str] = set()
        while commands:
            by_run: dict[str, list[AnyCommand]] = {}
            for run, command in commands:
                by_run.setdefault(run, []).append(command)
            questions: list[AnyBrokerEvent] = []
            known: dict[str, list[AnyEvent]] = {}
            for run, each in by_run.items():
                questions += _questions(run, each)
                known[run] = self._carry_out(run, each, now)
            answers = self._broker.take(questions, now) if questions else []
            commands = self._tell_runs(answers, known, now)
            changed |= by_run.keys()
        return changed

    def _carry_out(self, run: str, commands: list[AnyCommand], now: int) -> list[AnyEvent]:
        """The effects of one run's commands; returns the events they gave at once."""
        state = self.state(run)
        assert state is not None
        cancels = [command for command in commands if isinstance(command, CancelAttempts)]
        if cancels:
            self._effects.cancel(state, cancels)
        known: list[AnyEvent] = []
        dispatches = [command for command in commands if isinstance(command, Dispatch)]
        if dispatches:
            known += self._effects.dispatch(self._plan(state.namespace, state.run), state, dispatches)
        known += self._results(state, commands)
        for command in commands:
            match command:
                case SetTimer(at_ms=at_ms):
                    self._effects.wake(run, at_ms, now)
                case FinishRun():
                    self._effects.finished(state, self.seq(run))
                case CancelAttempts() | Dispatch() | RequestPlacement() | Release() | LookUp() | Keep():
                    pass
        return known

    def _results(self, state: RunState, commands: list[AnyCommand]) -> Sequence[AnyEvent]:
        """Keep what is new before anything is looked for: the same may be wanted at once."""
        keeps = [command for command in commands if isinstance(command, Keep)]
        if keeps:
            self._effects.keep(self._plan(state.namespace, state.run), state, keeps)
        lookups = [command for command in commands if isinstance(command, LookUp)]
        return self._effects.look_up(self._plan(state.namespace, state.run), state, lookups) if lookups else ()

    def _tell_runs(
        self, answers: list[AnyBrokerCommand], known: dict[str, list[AnyEvent]], now: int
    ) -> list[tuple[str, AnyCommand]]:
        """Tell runs what the broker decided and what their effects gave; returns what the runs command next."""
        for command in answers:
            match command:
                case Place(run=run, placement=placement):
                    known.setdefault(run, []).append(placement)
                case Refuse(run=run, items=items, message=message):
                    known.setdefault(run, []).append(PlacementRefused(items=items, message=message))
        told = {run: events for run, events in known.items() if events}
        return [(run, command) for run, events in told.items() for command in self._history(run).take(events, now)]

    def _plan(self, namespace: str, run: str) -> Plan:
        if run not in self._plans:
            self._plans[run] = self._find_plan(namespace, run)
        return self._plans[run]

    def _history(self, run: str) -> RunHistory:
        if run not in self._runs:
            self._runs[run] = run_history(self._log, self._plan, run, self._snapshots, self._every)
            self._runs[run].refresh()
        self._runs.move_to_end(run)
        while len(self._runs) > RUNS_WARM:
            cold, _ = self._runs.popitem(last=False)
            self._plans.pop(cold, None)
        return self._runs[run]


def _questions(run: str, commands: Iterable[AnyCommand]) -> list[AnyBrokerEvent]:
    questions: list[AnyBrokerEvent] = []
    for command in commands:
        match command:
            case RequestPlacement(demand=demand, items=items, terms=terms, rank=rank):
                questions.append(PlacementRequested(run=run, demand=demand, items=items, terms=terms, rank=rank))
            case Release(items=items):
                questions.append(AttemptsReleased(run=run, items=items))
            case Dispatch() | CancelAttempts() | LookUp() | Keep() | SetTimer() | FinishRun():
                pass
    return questions
