"""Who watches every record that is appended: folds each log on its own and says what does not hold."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.gateway.claims import Word
from econda_cloud.money.amounts import NANOS_PER_MICRO
from econda_cloud.place import invariants as broker_invariants
from econda_cloud.place.advance import apply as apply_broker
from econda_cloud.place.state import BrokerState, Used
from econda_cloud.run import invariants
from econda_cloud.run.advance import apply
from econda_cloud.run.state import RunState
from econda_cloud.wire.broken import Broken
from econda_cloud.wire.broker import PoolsDeclared, decode_broker_entry
from econda_cloud.wire.entries import Booked, Entry, Joined, Placed, decode_entry
from econda_cloud.wire.events import AttemptSucceeded, ChunkRefused, GrantsSet, Item, ResultsFound, RunBroken
from tests.simulation.accounts import Accounts

_encode = msgspec.msgpack.Encoder().encode


def digest(state: Any) -> bytes:
    return hashlib.blake2b(_encode(state), digest_size=12).digest()


def require(holds: bool, message: str) -> None:
    if not holds:
        raise Broken(message)


class RunWitness:
    """One run's log. `digests[n]` is that of the state after n records.

    every: after each so manieth record the whole state is looked at and its digest kept, for both cost as much as the
    state is large; what a record itself says is held against the state each time.
    """

    def __init__(self, plan: Plan, every: int = 1) -> None:
        self.plan, self.every = plan, every
        self.state: RunState | None = None
        self.digests = {0: digest(None)}
        self.seq = 0
        self.succeeded: set[str] = set()
        self.joined: dict[str, set[str]] = {}
        self.placed: set[tuple[str, Item]] = set()
        self.refused = self.chunk_refused = False
        self.broken = False
        self.most_attempts = 0

    def appended(self, record: bytes) -> Entry:
        entry, before = decode_entry(record), self.state
        outcome = before.outcome if before else None
        decided, spent = (before.decided, before.spent) if before else (None, 0)
        counted = before.counts.succeeded if before else 0
        self.state = apply(self.plan, self.state, entry)
        self.seq += 1
        over = self.state is not None and self.state.outcome is not None
        if over or self.seq % self.every == 0:
            self.digests[self.seq] = digest(self.state)
        if self.state is None:
            return entry
        if over or self.seq % self.every == 0:
            invariants.check(self.plan, self.state)
        require(outcome is None or outcome == self.state.outcome, f"a finished run became {self.state.outcome}")
        require(decided is None or decided == self.state.decided, f"what was decided became {self.state.decided}")
        self._look_at(entry, spent, counted)
        return entry

    def _look_at(self, entry: Entry, spent: int, counted: int) -> None:
        assert self.state is not None
        told: set[str] = set()
        for event in entry.events:
            match event:
                case AttemptSucceeded():
                    told.add(event.instance)
                case ResultsFound(results=results):
                    told |= {found.instance for found in results}
                case ChunkRefused():
                    self.refused = self.chunk_refused = True
                case GrantsSet(unplaceable=unplaceable):
                    self.refused = self.refused or bool(unplaceable)
                case RunBroken():
                    self.broken = True
                case _:
                    pass
        booked = 0
        for decision in entry.decisions:
            match decision:
                case Placed(chunk=chunk, items=items):
                    self.placed |= {(chunk, item) for item in items}
                    self.most_attempts = max([self.most_attempts, *(attempt for _, attempt in items)])
                    self._within_budget()
                case Booked(nanos=nanos):
                    booked += nanos or 0
                case Joined(instance=instance, leader=leader):
                    for waiting in self.joined.values():
                        waiting.discard(instance)
                    if leader:
                        self.joined.setdefault(leader, set()).add(instance)
                case _:
                    pass
        require(
            self.state.spent - spent == booked, f"the ledger grew by {self.state.spent - spent}, booked are {booked}"
        )
        # Who waited for an equal call succeeds by its word.
        told |= {each for leader in told for each in self.joined.get(leader, ())}
        self._once(told, counted)

    def _within_budget(self) -> None:
        """A placement that the budget does not carry ends the run."""
        assert self.state is not None
        budget, state = self.plan.settings.budget_micros, self.state
        within = budget is None or state.spent + state.committed <= budget * NANOS_PER_MICRO
        require(within or state.ending or state.decided, "attempts were placed beyond the budget")
        for name, share in state.shares.items():
            committed = sum(count * state.chunks[chunk].committed for chunk, count in share.open.items())
            require(share.spent + committed <= share.limit, f"attempts were placed beyond the share of {name}")

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
        self.declared = 0

    def appended(self, record: bytes) -> None:
        entry = decode_broker_entry(record)
        self.state = apply_broker(self.state, entry)
        self.digests.append(digest(self.state))
        self.declared += sum(isinstance(event, PoolsDeclared) for event in entry.events)
        broker_invariants.check(self.state)
        if self.declared <= 1:
            broker_invariants.within_limits(self.state)


class Witness:
    """All logs of a world."""

    def __init__(self, plans: dict[str, Plan], team: str, accounts: Accounts, every: int) -> None:
        self.accounts = accounts
        self.runs = {run: RunWitness(plan, every) for run, plan in plans.items()}
        self.broker, self._broker_log = BrokerWitness(), f"ledger/{team}"
        self.begun: set[tuple[str, str, int]] = set()
        self._claims: dict[str, Word] = {}

    def appended(self, name: str, record: bytes) -> None:
        if name == self._broker_log:
            self.broker.appended(record)
        elif name.startswith("run/"):
            run = name.removeprefix("run/")
            entry = self.runs[run].appended(record)
            if (state := self.runs[run].state) is not None:
                self.accounts.recorded(run, entry, state)
            self._within_pools()
        elif name.startswith("claim/"):
            self._claimed(name, msgspec.json.decode(record, type=Word))

    def _claimed(self, name: str, word: Word) -> None:
        """A chunk has one owner, for good."""
        before = self._claims.get(name)
        owned = before is None or before.owner == word.owner
        require(owned, f"{word.owner} has {name}, which is {before and before.owner}'s")
        self._claims[name] = word

    def _within_pools(self) -> None:
        """All runs together use no more of a pool than the broker has lent."""
        if self.broker.declared > 1:
            return
        used: dict[str, int] = {}
        for run in self.runs.values():
            for chunk in run.state.chunks.values() if run.state is not None else ():
                used[chunk.pool] = used.get(chunk.pool, 0) + chunk.slots
        for pool, slots in used.items():
            lent = self.broker.state.used.get(pool, Used()).slots
            require(slots <= lent, f"{slots} slots of {pool} are in use, {lent} are lent")

    def begins(self, run: str, chunk: str, instance: str, attempt: int) -> None:
        """An attempt begins to run, which it does once."""
        placed = (chunk, (instance, attempt)) in self.runs[run].placed
        require(placed, f"{instance} of {run} began its attempt {attempt} in {chunk}, which the log does not know")
        require((run, instance, attempt) not in self.begun, f"{instance} of {run} began its attempt {attempt} twice")
        self.begun.add((run, instance, attempt))

    def agrees(self, run: str, state: Any, seq: int) -> None:
        """A scheduler's own state is the fold of as many records as it says."""
        known = self.runs[run].digests.get(seq)
        same = known is None or digest(state) == known
        require(same, f"a scheduler's state of {run} is not that of record {seq}")

    def broker_agrees(self, state: BrokerState, seq: int) -> None:
        require(digest(state) == self.broker.digests[seq], f"a broker's state is not that of record {seq}")
