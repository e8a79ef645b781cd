"""Bugs that the simulation must find: each was made once, somewhere, or would be made by someone in a hurry."""

from __future__ import annotations

import contextlib
from typing import Any

from msgspec.structs import replace

from econda_cloud.gateway import claims
from econda_cloud.place import capacity
from econda_cloud.place import step as broker
from econda_cloud.ports.log import Conflict
from econda_cloud.run import calls, conclude, endings, expand, fingerprints, outbox, step, stopping
from econda_cloud.schedule import history, scheduler, status
from econda_cloud.wire.outcome import Outcome
from econda_cloud.worker.data import operator_state as state
from tests.simulation.planting import Bug


def _nothing(given: Any = None) -> Any:
    """A function that does nothing but give something."""
    return lambda _: lambda *args, **names: given


def _any_attempt(right: Any) -> Any:
    return lambda work, item: work.locate(item[0]) or right(work, item)


def _early(right: Any) -> Any:
    def close(work: Any, places: Any, node: Any, fan: Any) -> None:
        fan.done += 1
        right(work, places, node, fan)
        fan.done -= 1

    return close


def _no_timer(right: Any) -> Any:
    def try_again(work: Any, instance: str, call: Any, retry: Any, failure: Any) -> bool:
        timers = list(work.state.timers)
        again = right(work, instance, call, retry, failure)
        work.state.timers = timers
        return again

    return try_again


def _paid_twice(right: Any) -> Any:
    def settle(work: Any, item: Any, chunk_name: str, duration_ms: int) -> None:
        before = work.state.spent
        right(work, item, chunk_name, duration_ms)
        work.state.spent += work.state.spent - before

    return settle


def _never_free(right: Any) -> Any:
    def settle(work: Any, item: Any, chunk_name: str, duration_ms: int) -> None:
        before = work.state.spent
        right(work, item, chunk_name, duration_ms)
        work.state.spent = before

    return settle


def _one_timer(right: Any) -> Any:
    return lambda state: [] if state.timer_ms else right(state)


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


def _half_placed(right: Any) -> Any:
    def take(work: Any, event: Any) -> None:
        right(work, replace(event, items=event.items[:1]))

    return take


def _ask_once(right: Any) -> Any:
    def enqueue(state: Any, event: Any, now: int) -> list[Any]:
        right(state, event, now)
        return []

    return enqueue


def _no_limit(right: Any) -> Any:
    return lambda state, pool, demand: right(state, pool, demand) + 1


def _same_name(right: Any) -> Any:
    def place(state: Any, *args: Any) -> Any:
        state.chunks %= 3
        return right(state, *args)

    return place


def _give_up(right: Any) -> Any:
    def take(self: Any, events: Any, now: int) -> list[Any]:
        tries = iter([None])

        class Once:
            def append(self, *args: Any) -> int:
                return log.append(*args)

            def read(self, *args: Any) -> list[bytes]:
                if next(tries, 1) is None:
                    return log.read(*args)
                raise Conflict("given up")

        log, self._log = self._log, Once()
        try:
            return right(self, events, now)
        except Conflict:
            return []
        finally:
            self._log = log

    return take


def _unanswered(right: Any) -> Any:
    def catch_up(self: Any, mine: bytes) -> Any:
        found = right(self, mine)
        return None if found is None else []

    return catch_up


def _skips_one(right: Any) -> Any:
    def save(self: Any) -> None:
        before = self._saved
        self.seq += 1
        right(self)
        self.seq -= 1
        if self._saved != before:
            self._saved = self.seq

    return save


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


def _own_run_only(right: Any) -> Any:
    del right
    return _nothing({})(None)


def _keeps_what_was_lent(right: Any) -> Any:
    def settle(work: Any, item: Any, chunk_name: str, duration_ms: int) -> None:
        if chunk := work.state.chunks.get(chunk_name):
            chunk.lent = ()
        right(work, item, chunk_name, duration_ms)

    return settle


def _lent_to_nobody(right: Any) -> Any:
    def unwanted(plan: Any, state: Any, items: Any) -> list[Any]:
        lent = {item for chunk in state.chunks.values() for item in chunk.lent}
        return [item for item in items if item in lent] + right(plan, state, items)

    return unwanted


def _overlooks_others(right: Any) -> Any:
    def commit(self: Any, now: int) -> None:
        with contextlib.suppress(Conflict):
            right(self, now)

    return commit


def _everything(right: Any) -> Any:
    del right
    return lambda *given: list(given[2])


BUGS = (
    # The run engine.
    Bug("a result of any attempt counts", endings, "current", _any_attempt),
    Bug("a retry waits without a timer", calls, "try_again", _no_timer),
    Bug("a preemption costs a retry", calls, "FREE_FAILURES", lambda _: frozenset()),
    Bug("a fan closes one member early", expand, "_close_fan", _early),
    Bug("what a failed member left running is not stopped", stopping, "stop_frame", _nothing()),
    Bug("what has just failed is stopped as well", expand, "_leave_off", _nothing()),
    Bug("only the first attempt of a placement is taken", step, "_take_placement", _half_placed),
    Bug("an attempt is paid twice", endings, "settle", _paid_twice),
    Bug("no attempt is paid", endings, "settle", _never_free),
    Bug("the budget is not looked at", step, "_within_budget", _nothing(True)),
    Bug("one timer is asked for and no other", step, "_timer", _one_timer),
    Bug("a lease that is over is not noticed", step, "_lease_over", _nothing()),
    Bug("a lost chunk is not noticed", step, "take_loss", _nothing()),
    Bug("a back-off that is over is not noticed", endings, "back_off_over", _nothing()),
    Bug("a finished run takes another end", step, "_take_late", _reopened),
    Bug("a handler's end becomes that of the run", conclude, "_finish", _undecided),
    Bug("one of those that wait for an environment is forgotten", endings, "_environment_built", _asleep),
    Bug("a question for a result is asked once", outbox, "pending_lookups", _nothing([])),
    Bug("results are kept whatever the inputs were", fingerprints, "call_causes", _same_inputs),
    Bug("a redelivered message repeats nothing", step, "outstanding", _nothing([])),
    # The broker.
    Bug("capacity is never given back", broker, "_release", _nothing()),
    Bug("an answer that was lost is not given again", broker, "_enqueue", _ask_once),
    Bug("a pool takes one more than it has room for", capacity, "room", _no_limit),
    Bug("names of chunks come again", broker, "_place", _same_name),
    # The log, its snapshots, and other stores.
    Bug("who loses a race gives up", history.History, "take", _give_up),
    Bug("a record whose answer was lost commands nothing", history.History, "_catch_up", _unanswered),
    Bug("a snapshot counts one record too many", history.History, "_save", _skips_one),
    # The scheduler and the workers.
    Bug("a repeat looks at one run only", scheduler.Scheduler, "_known_to_broker", _own_run_only),
    Bug("what is held is released though it is wanted", outbox, "unwanted", _everything),
    Bug("the end of a run is not published", status, "publish_outputs", _nothing()),
    Bug("an operator knows the last commit of its state only", state.OperatorState, "committed", _last_commit_only),
    Bug("everybody may run a chunk", claims, "claim", _always_mine),
    Bug("a place that was lent is not given back", endings, "settle", _keeps_what_was_lent),
    Bug("a place that is lent is released at a repeat", outbox, "unwanted", _lent_to_nobody),
    Bug("an eager start overlooks that another was faster", history.History, "commit", _overlooks_others),
)
