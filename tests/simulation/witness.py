"""Who watches every record that is appended: folds each log on its own and says what does not hold."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.money.amounts import NANOS_PER_MICRO
from econda_cloud.money.prices import attempt_cost
from econda_cloud.place import invariants as broker_invariants
from econda_cloud.place.events import BrokerEntry, PoolsDeclared
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step as broker_step
from econda_cloud.run import invariants
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step as run_step
from econda_cloud.wire.broken import Broken
from econda_cloud.wire.events import (
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    Entry,
    Item,
    PlacementRefused,
    ResultsFound,
)

_entry, _broker_entry = msgspec.json.Decoder(Entry), msgspec.json.Decoder(BrokerEntry)
_encode = msgspec.msgpack.Encoder().encode


def digest(state: Any) -> bytes:
    return hashlib.blake2b(_encode(state), digest_size=12).digest()


def require(holds: bool, message: str) -> None:
    if not holds:
        raise Broken(message)


class RunWitness:
    """One run's log. `digests[n]` is that of the state after n records."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.state = plan, None
        self.state: RunState | None = None
        self.digests = [digest(None)]
        self.ended: set[Item] = set()
        self.succeeded: set[str] = set()
        self.placed: set[tuple[str, Item]] = set()
        self.refused = False
        self.most_attempts = 0

    def appended(self, record: bytes) -> None:
        entry = _entry.decode(record)
        held, spent, outcome = self._held(), self._spent(), self.state and self.state.outcome
        decided, handling = (self.state.decided, self.state.handling) if self.state else (None, "")
        counted = self.state.counts.succeeded if self.state else 0
        self.state, _ = run_step(self.plan, self.state, entry.events, entry.now)
        self.digests.append(digest(self.state))
        if self.state is None:
            return
        invariants.check(self.plan, self.state)
        require(outcome is None or outcome == self.state.outcome, f"a finished run became {self.state.outcome}")
        require(decided is None or decided == self.state.decided, f"what was decided became {self.state.decided}")
        let_go = (outcome is None and self.state.outcome is not None) or handling != self.state.handling
        self._look_at(entry, held, spent, counted, closed=let_go)

    def _held(self) -> dict[Item, tuple[Any, int, int]]:
        chunks = self.state.chunks.values() if self.state else ()
        return {item: (chunk.price, chunk.memory, chunk.size) for chunk in chunks for item in chunk.open}

    def _spent(self) -> int:
        return self.state.spent if self.state else 0

    def _look_at(self, entry: Entry, held: dict[Item, Any], spent: int, counted: int, closed: bool) -> None:
        assert self.state is not None
        words: dict[Item, AttemptSucceeded | AttemptFailed] = {}
        reused: set[str] = set()
        for event in entry.events:
            match event:
                case AttemptsPlaced(chunk=chunk, items=items):
                    self.placed |= {(chunk, item) for item in items}
                    self.most_attempts = max([self.most_attempts, *(attempt for _, attempt in items)])
                    self._within_budget()
                case AttemptSucceeded() | AttemptFailed():
                    words.setdefault((event.instance, event.attempt), event)
                case PlacementRefused():
                    self.refused = True
                case ResultsFound(results=results):
                    reused |= {found.instance for found in results}
                case _:
                    pass
        self._settled(set(held) - set(self._held()), held, words, spent, closed)
        self._once({name for (name, _), word in words.items() if isinstance(word, AttemptSucceeded)} | reused, counted)

    def _within_budget(self) -> None:
        """A placement that the budget does not carry ends the run."""
        assert self.state is not None
        budget, state = self.plan.settings.budget_micros, self.state
        within = budget is None or state.spent + state.committed <= budget * NANOS_PER_MICRO
        require(within or state.ending or state.decided, "attempts were placed beyond the budget")

    def _settled(
        self, gone: set[Item], held: dict[Item, Any], words: dict[Item, Any], spent: int, closed: bool
    ) -> None:
        """What the ledger grew by is what the attempts cost that ended in this record, and none ends twice."""
        assert self.state is not None
        cost = 0
        for item in gone - self.ended:
            price, memory, share = held[item]
            word = words.get(item)
            lasted = max(0, word.ended_ms - word.started_ms) if word is not None else 0
            cost += attempt_cost(price, lasted, memory, share) or 0
        grown = self.state.spent - spent
        if closed:
            # Attempts that had not stopped in time were let go of; what they cost will never be known.
            require(0 <= grown <= cost, f"closing a run booked {grown}, its attempts cost {cost}")
        else:
            known = set(gone - self.ended)
            require(grown == cost, f"the ledger grew by {grown}, the attempts {sorted(known)} cost {cost}")
        self.ended |= gone

    def _once(self, told: set[str], counted: int) -> None:
        """A result counts once: no more instances succeed than there are new words of success."""
        assert self.state is not None
        new = told - self.succeeded
        grown = self.state.counts.succeeded - counted
        require(grown <= len(new), f"{grown} results were committed, {len(new)} are new")
        if grown == len(new):
            self.succeeded |= new


class BrokerWitness:
    """The broker's log."""

    def __init__(self) -> None:
        self.state = BrokerState()
        self.digests = [digest(self.state)]
        self._declared = 0

    def appended(self, record: bytes) -> None:
        entry = _broker_entry.decode(record)
        before = _totals(self.state)
        self.state, _ = broker_step(self.state, entry.events, entry.now)
        self.digests.append(digest(self.state))
        self._declared += sum(isinstance(event, PoolsDeclared) for event in entry.events)
        if self._declared <= 1:
            broker_invariants.check(self.state)
            return
        for name, now in _totals(self.state).items():
            pool = self.state.pools.get(name)
            limits = (pool.slots, pool.cpu_milli, pool.memory, pool.gpu) if pool else (0, 0, 0, 0)
            was = before.get(name, (0, 0, 0, 0))
            wrong = any(total > limit and total > old for total, limit, old in zip(now, limits, was, strict=True))
            require(not wrong, f"{name} holds {now}, more than {limits}, and held {was}")


def _totals(state: BrokerState) -> dict[str, tuple[int, int, int, int]]:
    totals: dict[str, tuple[int, int, int, int]] = {}
    for held in state.held.values():
        each = (held.times, held.cpu_milli * held.times, held.memory * held.times, held.gpu * held.times)
        a, b = totals.get(held.pool, (0, 0, 0, 0)), each
        totals[held.pool] = (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])
    return totals


class Witness:
    """All logs of a world."""

    def __init__(self, plans: dict[str, Plan], team: str) -> None:
        self.runs = {run: RunWitness(plan) for run, plan in plans.items()}
        self.broker, self._broker_log = BrokerWitness(), f"broker/{team}"
        self.begun: set[tuple[str, str, int]] = set()

    def appended(self, name: str, record: bytes) -> None:
        if name == self._broker_log:
            self.broker.appended(record)
        elif name.startswith("run/"):
            run = self.runs[name.removeprefix("run/")]
            run.appended(record)
            self._kept_for(run.state)

    def _kept_for(self, state: RunState | None) -> None:
        """The broker keeps the place in which something was started eagerly."""
        chunks = state.chunks if state is not None else {}
        borrowers = [(name, chunk.lender) for name, chunk in chunks.items() if chunk.lender]
        for name, lender in borrowers:
            require(lender in self.broker.state.held, f"{name} runs in the place of {lender}, which is free")

    def begins(self, run: str, chunk: str, instance: str, attempt: int) -> None:
        """An attempt begins to run, which it does once: what it does to the world may not be repeatable."""
        placed = (chunk, (instance, attempt)) in self.runs[run].placed
        require(placed, f"{instance} of {run} began its attempt {attempt} in {chunk}, which the log does not know")
        require((run, instance, attempt) not in self.begun, f"{instance} of {run} began its attempt {attempt} twice")
        self.begun.add((run, instance, attempt))

    def agrees(self, run: str, state: Any, seq: int) -> None:
        """A scheduler's own state is the fold of as many records as it says."""
        require(
            digest(state) == self.runs[run].digests[seq], f"a scheduler's state of {run} is not that of record {seq}"
        )

    def broker_agrees(self, state: BrokerState, seq: int) -> None:
        require(digest(state) == self.broker.digests[seq], f"a scheduler's broker is not that of record {seq}")
