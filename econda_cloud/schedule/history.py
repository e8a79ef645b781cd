"""Histories: the state of a run or of the broker as the fold of its log, kept warm between invocations.

A snapshot of the state every so many records bounds what a cold reader folds; the log stays the truth, and a
snapshot that is old, of another engine or damaged only makes the reader fold more.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.place.events import AnyBrokerCommand, AnyBrokerEvent, BrokerEntry
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step as broker_step
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict, Log
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step as run_step
from econda_cloud.wire.commands import AnyCommand
from econda_cloud.wire.events import ENGINE_VERSION, AnyEvent, Entry, RunStarted

TState = TypeVar("TState")
TEvent = TypeVar("TEvent")
TCommand = TypeVar("TCommand")
TEntry = TypeVar("TEntry", Entry, BrokerEntry)

SNAPSHOT_EVERY = 200
"""Records between snapshots: folding so many takes tens of milliseconds, writing one costs one request."""

Plans: TypeAlias = Callable[[str, str], Plan]
"""Finds a plan by namespace and run. Raises `KeyError`."""


class Snapshot(msgspec.Struct, frozen=True):
    """A state after `seq` records, as the engine of this version folds them."""

    engine: int
    seq: int
    state: msgspec.Raw


class History(Generic[TState, TEvent, TCommand, TEntry]):
    """One log, its fold so far, and how to take more events into it.

    The fold owns its state: after a lost race it takes in what others wrote, it is never patched up.
    """

    def __init__(
        self,
        log: Log,
        name: str,
        entry: type[TEntry],
        start: Callable[[], TState],
        state_type: Any,
        step: Callable[[TState, Iterable[TEvent], int], tuple[TState, list[TCommand]]],
        snapshots: BlobStore | None = None,
        every: int = SNAPSHOT_EVERY,
    ) -> None:
        self._log, self._name, self._step = log, name, step
        self._entry, self._state_type = entry, state_type
        self._decoder = msgspec.json.Decoder(entry)
        self._encoder = msgspec.json.Encoder()
        self._snapshots, self._every = snapshots, every
        self._start = start
        self.seq, self.state = 0, start()
        self._saved = 0
        self._proposed: list[TEvent] = []

    def refresh(self) -> TState:
        """Take in the log's tail; the first time, from the latest snapshot on."""
        if self.seq == 0:
            self._restore()
        for record in self._log.read(self._name, self.seq):
            self._fold(record)
        return self.state

    def take(self, events: Iterable[TEvent], now: int) -> list[TCommand]:
        """Append events and fold them in; returns their commands. Retried when somebody else was faster."""
        events = tuple(events)
        record = self._record(events, now)
        while True:
            try:
                self._log.append(self._name, self.seq, record)
            except Conflict:
                commands = self._catch_up(record)
                if commands is None:
                    continue
            else:
                # Counted once it is folded: if its plan cannot be read now, the record is read again later.
                self.state, commands = self._step(self.state, events, now)
                self.seq += 1
            self._save()
            return commands

    def propose(self, events: Iterable[TEvent], now: int) -> list[TCommand]:
        """What events would command. The state is ahead of the log then, until `commit`."""
        events = tuple(events)
        self._proposed += events
        self.state, commands = self._step(self.state, events, now)
        return commands

    def commit(self, now: int) -> None:
        """Append all that was proposed as one record, taken in at `now`.

        Raises `Conflict` if somebody else was faster; the history is then as new and reads the log again.
        """
        record, self._proposed = self._record(tuple(self._proposed), now), []
        try:
            self._log.append(self._name, self.seq, record)
        except Conflict:
            if self._log.read(self._name, self.seq)[:1] != [record]:
                self.forget()
                raise
        self.seq += 1
        self._save()

    def forget(self) -> None:
        """Be as new: what was proposed is not wanted."""
        self._proposed, self.seq, self._saved, self.state = [], 0, 0, self._start()

    def _record(self, events: tuple[TEvent, ...], now: int) -> bytes:
        return self._encoder.encode(self._entry(engine=ENGINE_VERSION, now=now, events=events))  # type: ignore[arg-type]

    def _catch_up(self, mine: bytes) -> list[TCommand] | None:
        """Take in what others wrote. The commands of `mine` if it is there after all, else None.

        A client whose put went through unanswered tries again and meets its own record. What that commands nobody
        else would carry out. Twins of two processes are both carried out, which changes nothing.
        """
        found = None
        for position, record in enumerate(self._log.read(self._name, self.seq)):
            commands = self._fold(record)
            if position == 0 and record == mine:
                found = commands
        return found

    def _fold(self, record: bytes) -> list[TCommand]:
        entry = self._decoder.decode(record)
        self.state, commands = self._step(self.state, entry.events, entry.now)  # type: ignore[arg-type]
        self.seq += 1
        return commands

    @property
    def _key(self) -> str:
        return f"snapshots/{self._name}"

    def _save(self) -> None:
        if self._snapshots is None or self.seq - self._saved < self._every:
            return
        state = msgspec.Raw(msgspec.msgpack.encode(self.state))
        snapshot = msgspec.msgpack.encode(Snapshot(ENGINE_VERSION, self.seq, state))
        # Whoever is slower may put an older one over a newer one, which costs the next reader a longer tail only.
        self._snapshots.put(self._key, zlib.compress(snapshot, 1))
        self._saved = self.seq

    def _restore(self) -> None:
        if self._snapshots is None:
            return
        try:
            packed = zlib.decompress(self._snapshots.get(self._key))
            snapshot = msgspec.msgpack.decode(packed, type=Snapshot)
            if snapshot.engine == ENGINE_VERSION:
                self.state = msgspec.msgpack.decode(snapshot.state, type=self._state_type)
                self.seq = self._saved = snapshot.seq
        except (KeyError, zlib.error, msgspec.DecodeError):
            return


RunHistory: TypeAlias = History[RunState | None, AnyEvent, AnyCommand, Entry]
BrokerHistory: TypeAlias = History[BrokerState, AnyBrokerEvent, AnyBrokerCommand, BrokerEntry]


def run_history(
    log: Log, plans: Plans, run: str, snapshots: BlobStore | None = None, every: int = SNAPSHOT_EVERY
) -> RunHistory:
    """The history of one run. Its plan is looked for once the log, or the event in hand, tells the namespace."""
    found: list[Plan] = []

    def step(state: RunState | None, events: Iterable[AnyEvent], now: int) -> tuple[RunState | None, list[AnyCommand]]:
        events = tuple(events)
        if not found:
            namespace = _namespace(state, events)
            if namespace is None:
                return state, []
            found.append(plans(namespace, run))
        return run_step(found[0], state, events, now)

    return History(log, f"run/{run}", Entry, lambda: None, RunState | None, step, snapshots, every)


def _namespace(state: RunState | None, events: tuple[AnyEvent, ...]) -> str | None:
    if state is not None:
        return state.namespace
    return next((event.namespace for event in events if isinstance(event, RunStarted)), None)


def broker_history(
    log: Log, team: str, snapshots: BlobStore | None = None, every: int = SNAPSHOT_EVERY
) -> BrokerHistory:
    return History(log, f"broker/{team}", BrokerEntry, BrokerState, BrokerState, broker_step, snapshots, every)
