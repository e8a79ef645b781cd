"""Bugs that the simulation must find: each was made once, somewhere, or would be made by someone in a hurry."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from econda_cloud.gateway import claims
from econda_cloud.place import advance as broker
from econda_cloud.place import capacity, taking
from econda_cloud.run import (
    advance,
    booking,
    calls,
    conclude,
    endings,
    expand,
    fingerprints,
    looks,
    pending,
    placing,
    stopping,
    telling,
    timers,
)
from econda_cloud.schedule import history, messages, rounds, status
from econda_cloud.wire import entries
from econda_cloud.wire.commands import LookUp
from econda_cloud.wire.outcome import Outcome
from econda_cloud.worker.data import operator_state as state
from tests.simulation.money_bugs import MONEY_BUGS
from tests.simulation.planting import Bug, nothing

# The run engine --------------------------------------------------------------------------------------------------------


def _any_attempt(right: Any) -> Any:
    return lambda work, item: work.locate(item[0]) or right(work, item)


def _early(right: Any) -> Any:
    def close(work: Any, places: Any, node: Any, fan: Any) -> None:
        fan.done += 1
        right(work, places, node, fan)
        fan.done -= 1

    return close


def _no_timer(right: Any) -> Any:
    def try_again(work: Any, *given: Any) -> str:
        kept = list(work.state.timers)
        final = right(work, *given)
        work.state.timers = kept
        return final

    return try_again


def _one_timer(right: Any) -> Any:
    return lambda work: 0 if work.state.wake_ms else right(work)


def _never_missed(right: Any) -> Any:
    def due(work: Any, name: str, due_ms: int) -> None:
        chunk = work.state.chunks.get(name)
        if chunk is None or work.now < chunk.until_ms:
            right(work, name, due_ms)

    return due


def _reopened(right: Any) -> Any:
    def late(work: Any, event: Any) -> None:
        right(work, event)
        work.state.outcome = Outcome(state="failed", error="late")

    return late


def _asleep(right: Any) -> Any:
    def built(work: Any, instance: str, outputs: Any) -> None:
        for preparation in work.state.preparations.values():
            preparation.waiting = preparation.waiting[1:]
        right(work, instance, outputs)

    return built


def _undecided(right: Any) -> Any:
    def concluded(work: Any, decided: Any) -> None:
        right(work, work.state.ending if work.state.handling and work.state.ending else decided)

    return concluded


def _same_inputs(right: Any) -> Any:
    return lambda common, args: right(common, {})


def _same_name(right: Any) -> Any:
    def cut(work: Any, *given: Any) -> Any:
        placed = right(work, *given)
        return replace(placed, chunk=f"{work.state.run}.{1 + work.state.chunks_made % 3}")

    return cut


def _asked_once(right: Any) -> Any:
    """Only what the last record wants."""

    def wanted(run: Any, since: int | None = None) -> list[Any]:
        late = (run.carried if since is None else since) < run.seq - 1
        return [each for each in right(run, since) if not (late and isinstance(each, LookUp))]

    return wanted


def _member_of_none(right: Any) -> Any:
    return lambda name, chunk: replace(right(name, chunk), members=tuple(range(len(chunk.order))))


def _what_is_left(right: Any) -> Any:
    return lambda name, chunk: replace(right(name, chunk), size=len(chunk.open))


# Runs and the broker ----------------------------------------------------------------------------------------------------


def _one_more(right: Any) -> Any:
    return lambda work, event: right(
        work, replace(event, grants=tuple(g.with_slots(g.slots + 1) for g in event.grants))
    )


def _kept_though_told(right: Any) -> Any:
    def told(work: Any, version: int) -> None:
        grants = dict(work.state.grants)
        right(work, version)
        work.state.grants = grants

    return told


def _any_answer(right: Any) -> Any:
    def take(work: Any, event: Any) -> bool:
        told, version = work.state.telling, work.state.telling.version
        work.state.grants_version = told.version = 0
        taken = right(work, event)
        told.version = version
        return taken

    return take


def _told_once(right: Any) -> Any:
    return lambda work: right(work) and work.state.telling.version == 0


def _any_word(right: Any) -> Any:
    def take(broker_state: Any, event: Any, touched: Any) -> None:
        if event.run in broker_state.runs:
            broker_state.runs[event.run].told = 0
        right(broker_state, event, touched)

    return take


def _never_given_back(right: Any) -> Any:
    def change(broker_state: Any, demand: str, lent: Any, slots: int, touched: Any) -> None:
        right(broker_state, demand, lent, max(slots, lent.slots), touched)

    return change


def _answered_once(right: Any) -> Any:
    return lambda broker_state, since=None: right(broker_state, max(since or 0, broker_state.seq - 1))


def _no_limit(right: Any) -> Any:
    return lambda broker_state, pool, offer, demand: right(broker_state, pool, offer, demand) + 1


# Logs, snapshots, schedulers, workers -------------------------------------------------------------------------------------


def _give_up(right: Any) -> Any:
    del right

    def take(self: Any, events: Any, now: int, *, unsure: bool = False) -> Any:
        if self._append(self.propose(tuple(events), now, unsure=unsure)):
            self._save()
        else:
            self.refresh()
        return self.state

    return take


def _skips_one(right: Any) -> Any:
    def save(self: Any) -> None:
        before = self._saved
        self.seq += 1
        right(self)
        self.seq -= 1
        if self._saved != before:
            self._saved = self.seq

    return save


def _all_done(right: Any) -> Any:
    def settle(self: Any, run_history: Any, taking: Any) -> None:
        right(self, run_history, taking)
        run_history.done = run_history.seq

    return settle


def _said_too_early(right: Any) -> Any:
    def propose(self: Any, *given: Any, **more: Any) -> bytes:
        self.done = self.seq
        return right(self, *given, **more)

    return propose


def _read_as_ours(right: Any) -> Any:
    """Whatever decodes is folded."""
    return lambda engine: None if engine == entries.ENGINE_VERSION + 1 else right(engine)


def _left_as_it_is(right: Any) -> Any:
    del right

    def end_broken(*given: Any) -> None:
        raise given[3]

    return end_broken


def _half_decided(right: Any) -> Any:
    """Whoever was slower goes on with the state that was never logged."""

    def append(self: Any, record: bytes) -> bool:
        kept = self.state
        mine = right(self, record)
        if not mine:
            self.refresh()
            self.state = kept
        return mine

    return append


def _always_mine(right: Any) -> Any:
    def claim(log: Any, chunk: str, index: Any, owner: str, handle: str, now: int) -> Any:
        try:
            return right(log, chunk, index, owner, handle, now)
        except claims.Taken:
            return claims.Claimed(owner=owner, handle=handle, since_ms=now, until_ms=now + claims.LASTS_MS)

    return claim


def _last_commit_only(right: Any) -> Any:
    def committed(self: Any, run: str, instance: str) -> Any:
        kept = self._kept
        return right(self, run, instance) if (kept.run, kept.instance) == (run, instance) else None

    return committed


BUGS = (
    # The run engine.
    Bug("a result of any attempt counts", endings, "current", _any_attempt),
    Bug("a retry waits without a timer", calls, "try_again", _no_timer),
    Bug("a preemption costs a retry", calls, "FREE_FAILURES", lambda _: frozenset()),
    Bug("a fan closes one member early", expand, "_close_fan", _early),
    Bug("what a failed member left running is not stopped", stopping, "stop_frame", nothing()),
    Bug("what has just failed is stopped as well", expand, "_leave_off", nothing()),
    *MONEY_BUGS,
    Bug("the budget is not looked at", booking, "over_budget", nothing("")),
    Bug("one timer is asked for and no other", timers, "next_ms", _one_timer),
    Bug("a chunk whose time is over is not missed", looks, "look_due", _never_missed),
    Bug("one alone is looked for as a member of an array", pending, "_look_after", _member_of_none),
    Bug("a lost chunk is not noticed", endings, "take_loss", nothing()),
    Bug("a back-off that is over is not noticed", endings, "back_off_over", nothing()),
    Bug("a finished run takes another end", advance, "_take_late", _reopened),
    Bug("a handler's end becomes that of the run", conclude, "_finish", _undecided),
    Bug("one of those that wait for an environment is forgotten", endings, "_environment_built", _asleep),
    Bug("a question for a result is asked once", pending, "pending", _asked_once),
    Bug("results are kept whatever the inputs were", fingerprints, "call_causes", _same_inputs),
    Bug("names of chunks come again", placing, "_cut", _same_name),
    Bug("an array that is handed over again is as large as what is left of it", pending, "dispatch_of", _what_is_left),
    # Runs and the broker.
    Bug("a run uses one slot more than it was lent", telling, "take_grants", _one_more),
    Bug("what was given back is used all the same", telling, "note_told", _kept_though_told),
    Bug("an older answer of the broker is heard", telling, "take_grants", _any_answer),
    Bug("the broker is told once and never again", telling, "has_news", _told_once),
    Bug("an older word of a run is heard", taking, "_take_told", _any_word),
    Bug("capacity is never given back", taking, "_change", _never_given_back),
    Bug("an answer that was lost is not given again", broker, "pending", _answered_once),
    Bug("a pool takes one more than it has room for", capacity, "room", _no_limit),
    # The log, its snapshots, and other stores.
    Bug("who loses a race gives up", history.History, "take", _give_up),
    Bug("who loses a race goes on with what was never logged", history.History, "_append", _half_decided),
    Bug("a snapshot counts one record too many", history.History, "_save", _skips_one),
    # The schedulers and the workers.
    Bug("a redelivered message repeats nothing", rounds.Rounds, "_settle", _all_done),
    Bug("a record says that all before it is carried out", history.History, "propose", _said_too_early),
    Bug("a newer version's record is folded as one of this", entries, "raise_if_of_another_time", _read_as_ours),
    Bug("a step that raises does not end its run", rounds.Rounds, "_end_broken", _left_as_it_is),
    Bug("a message of a newer version is buried", messages, "FromTheFuture", lambda _: messages.BadMessage),
    Bug("the end of a run is not published", status, "publish_outputs", nothing()),
    Bug("an operator knows the last commit of its state only", state.OperatorState, "committed", _last_commit_only),
    Bug("everybody may run a chunk", claims, "claim", _always_mine),
)
