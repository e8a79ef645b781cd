"""Rounds: a batch of messages of any runs taken in, one record for each run, and then all that follows.

Whatever goes wrong in one run, in its state, its plan, its messages or its effects, is told in the answer for that run
and changes nothing for the others.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Damaged, Log
from econda_cloud.ports.run_index import IndexedRun, RunIndex
from econda_cloud.run.pending import pending
from econda_cloud.run.state import RunState
from econda_cloud.run.timers import is_early
from econda_cloud.schedule.carrying import carry_out
from econda_cloud.schedule.effects import Effects
from econda_cloud.schedule.history import SNAPSHOT_EVERY, Undecidable, Unreadable
from econda_cloud.schedule.results import Spread
from econda_cloud.schedule.run_history import NoPlan, Plans, RunHistory, run_log
from econda_cloud.wire.entries import FromTheFuture, decode_entry
from econda_cloud.wire.events import AnyEvent, RunBroken, RunStarted, TimerFired
from econda_cloud.wire.grants import RunTold

RECORDS_WARM = 256 * 1024 * 1024
"""Bytes of records whose fold is kept in memory: states are about as large. Runs beyond are read again when needed."""


LAST_WORD = 1 << 53
"""The version of what the broker is told of a run whose state nobody can read: nothing of it is heard afterwards."""


class UnknownRun(LookupError):
    """Events came for a run that was never started."""


@dataclass(frozen=True)
class Taking:
    """Events of one run. again: one of their messages was delivered before, perhaps to somebody who died.

    unsure: they came by a queue that delivers side by side.
    """

    run: str
    events: tuple[AnyEvent, ...]
    again: bool = False
    unsure: bool = False


@dataclass
class Outcomes:
    """What became of each run of a round: those `done`, those to be tried again `later`, and those `refused` for good."""

    done: list[str] = field(default_factory=list)
    later: dict[str, Exception] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Rounds:
    """The scheduler of one team's runs, in one process; any number may work side by side.

    Whoever hosts it supplies the log, the plans and the effects. `plans` finds the plan of a run. `spread`: how what
    concerns different runs is done: one after another, or side by side where each waits for the world. `index` is told of
    every run that begins; None where nobody lists them.
    """

    def __init__(
        self,
        log: Log,
        plans: Plans,
        effects: Effects,
        snapshots: BlobStore | None = None,
        *,
        snapshot_every: int = SNAPSHOT_EVERY,
        spread: Spread = map,
        index: RunIndex | None = None,
    ) -> None:
        self._log, self._plans, self._effects, self._index = log, plans, effects, index
        self._spread = spread
        self._snapshots, self._every = snapshots, snapshot_every
        self._runs: OrderedDict[str, RunHistory] = OrderedDict()

    def history(self, run: str) -> RunHistory:
        """The history of a run as far as it was read; new ones are empty."""
        if run not in self._runs:
            self._runs[run] = RunHistory(self._log, self._plans, run, self._snapshots, self._every)
        self._runs.move_to_end(run)
        return self._runs[run]

    def _keep_warm(self) -> None:
        """Forget the runs that were not heard of for the longest time, if all together are too large."""
        total = sum(history.folded_bytes for history in self._runs.values())
        while total > RECORDS_WARM and len(self._runs) > 1:
            _, cold = self._runs.popitem(last=False)
            total -= cold.folded_bytes

    def state(self, run: str) -> RunState | None:
        """The newest state of a run."""
        return self.history(run).refresh()

    def take(
        self, batch: Iterable[Taking], clock: Callable[[], int], left: Callable[[], bool] = lambda: True
    ) -> Outcomes:
        """Take events in and carry out all that follows. `clock`: ms since the epoch; what `left` leaves no time for
        is handed back untouched.
        """
        outcomes, batch = Outcomes(), list(batch)
        unsure = {taking.run for taking in batch if taking.unsure}
        changed = self._log_all(batch, clock, left, outcomes)
        self._follow(changed, unsure, clock, left, outcomes)
        self._keep_warm()
        return outcomes

    def take_one(self, run: str, events: Iterable[AnyEvent], now: int, *, again: bool = False) -> None:
        """Take events of one run. Raises what went wrong; `UnknownRun` if nothing ever started it."""
        outcomes = self.take([Taking(run, tuple(events), again)], lambda: now)
        if run in outcomes.later:
            raise outcomes.later[run]
        if run in outcomes.refused:
            raise UnknownRun(outcomes.refused[run])

    # Deciding ------------------------------------------------------------------------------------------------------

    def _log_all(
        self, batch: list[Taking], clock: Callable[[], int], left: Callable[[], bool], outcomes: Outcomes
    ) -> dict[str, RunHistory]:
        """One record for each run; those that have one, or need none."""

        def log(work: tuple[Taking, RunHistory]) -> RunHistory | None:
            taking, history = work
            if not left():
                outcomes.later[taking.run] = TimeoutError("there was no time left for it")
                return None
            return self._logged(taking, history, clock(), outcomes)

        found = self._spread(log, [(taking, self.history(taking.run)) for taking in batch])
        return {history.run: history for history in found if history is not None}

    def _logged(self, taking: Taking, history: RunHistory, now: int, outcomes: Outcomes) -> RunHistory | None:
        """One record of a run; None, and its outcome told, if there is none."""
        try:
            self._settle(history, taking)
            if history.state is None and not any(isinstance(event, RunStarted) for event in taking.events):
                self._runs.pop(taking.run, None)
                raise UnknownRun(f"there is no run `{taking.run}`")
            if _changes_nothing(history.state, taking, now):
                return history
            if history.state is None:
                self._list(taking, now)
            try:
                history.take(taking.events, now, unsure=taking.unsure)
            except Undecidable as error:
                self._end_broken(history, taking, error, now)
        except UnknownRun as error:
            outcomes.refused[taking.run] = str(error)
        except FromTheFuture as error:
            outcomes.later[taking.run] = error
        except (NoPlan, Unreadable, Undecidable) as error:
            self._give_up(taking, f"{type(error).__name__}: {error}", outcomes)
        except Exception as error:
            outcomes.later[taking.run] = error
        else:
            return history
        return None

    def _list(self, taking: Taking, now: int) -> None:
        """Put a run that is about to begin on the index, first: one that has begun unlisted would stay so. Raises what the index raises."""
        started = next(event for event in taking.events if isinstance(event, RunStarted))
        if self._index is not None:
            self._index.add(IndexedRun(started.namespace, taking.run, now))

    def _settle(self, history: RunHistory, taking: Taking) -> None:
        """Read what is new, and what of it is carried out.

        Messages of a run that come in their order come only when those before them were dealt with; so where none was
        delivered twice, all was carried out but for what came side by side with them.
        """
        history.refresh()
        state = history.state
        if state is None:
            return
        known = state.carried
        if not taking.again and not taking.unsure:
            known = state.unsure - 1 if state.unsure else history.seq
        history.done = min(max(history.done, known), history.seq)

    def _end_broken(self, history: RunHistory, taking: Taking, error: Undecidable, now: int) -> None:
        """End a run whose events cannot be taken. Raises `Undecidable` if even that fails."""
        history.refresh()
        started = tuple(event for event in taking.events if isinstance(event, RunStarted))
        message = f"econda could not go on with this run, which is a fault of econda or of the plan: {error}"
        broken = RunBroken(message=message)
        try:
            history.take((broken,) if history.state is not None else (*started, broken), now, unsure=taking.unsure)
        except Undecidable:
            history.refresh()
            raise error from None

    def _give_up(self, taking: Taking, message: str, outcomes: Outcomes) -> None:
        """Nothing can be logged for the run: say so where its user looks, and give back what it was lent."""
        self._runs.pop(taking.run, None)
        try:
            namespace = self._namespace(taking)
            self._effects.broken(namespace, taking.run, message)
            told = RunTold(run=taking.run, namespace=namespace, version=LAST_WORD, over=True)
            self._effects.tell_broker([(told, None)])
        except Exception as error:
            outcomes.later[taking.run] = error
        else:
            outcomes.refused[taking.run] = message

    def _namespace(self, taking: Taking) -> str:
        """As the first event of the run says; empty if nobody can read it any more. Raises what the log raises."""
        events = list(taking.events)
        with contextlib.suppress(Damaged, FromTheFuture, msgspec.DecodeError):
            for record in self._log.read(run_log(taking.run), 0, 1):
                events += decode_entry(record).events
        return next((event.namespace for event in events if isinstance(event, RunStarted)), "")

    # Acting --------------------------------------------------------------------------------------------------------

    def _follow(
        self,
        changed: dict[str, RunHistory],
        unsure: set[str],
        clock: Callable[[], int],
        left: Callable[[], bool],
        outcomes: Outcomes,
    ) -> None:
        """Carry out what is pending, side by side over all runs, as long as answers bring more and there is time.

        What is left then is pending still, and found when the messages come again.
        """
        touched = dict(changed)
        while changed:
            if not left():
                outcomes.later |= {run: TimeoutError("there was no time left for all that follows") for run in changed}
                break
            work = [(history, pending(history.state, history.done)) for history in changed.values()
                    if history.state is not None]  # fmt: skip
            carried = carry_out(work, self._effects, clock(), self._spread)
            outcomes.later |= carried.failed
            before = {history.run: history.done for history, _ in work}
            for history, _ in work:
                if history.run not in carried.failed:
                    history.done = history.seq
            answered = [Taking(run, tuple(answers), unsure=run in unsure) for run, answers in carried.answers.items()
                        if run not in carried.failed]  # fmt: skip
            following = self._log_all(answered, clock, lambda: True, outcomes)
            for taking in answered:
                if taking.run not in following:
                    # What was answered is not on record, so it is asked again.
                    changed[taking.run].done = before[taking.run]
            changed = following
        for run in touched:
            if run not in outcomes.later and run not in outcomes.refused:
                outcomes.done.append(run)


def _changes_nothing(state: RunState | None, taking: Taking, now: int) -> bool:
    """Whether these are timers only, and none of them is due: not worth a record."""
    if state is None or not all(isinstance(event, TimerFired) for event in taking.events):
        return False
    return is_early(state, max([now, *(event.at_ms for event in taking.events if isinstance(event, TimerFired))]))
