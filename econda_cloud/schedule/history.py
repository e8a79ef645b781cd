"""Histories: the state of a run or of the broker as the fold of its log, kept warm between invocations.

A snapshot of the state every so many records bounds what a cold reader folds; the log stays the truth, and a
snapshot that is old, of a newer format, damaged or not to be had only makes the reader fold more. One of an older format is
upgraded, for a team's log is years long.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict, Damaged, Log
from econda_cloud.wire.entries import FromTheFuture

TState = TypeVar("TState")
TEvent = TypeVar("TEvent")
TEntry = TypeVar("TEntry")

STATE_FORMAT = 2
"""Of states in snapshots. To be counted up when a state of before would be misread, not for members that are new and may be
missing; and then along with an entry in `UPGRADES`, or whoever is cold folds years."""

UPGRADES: dict[tuple[str, int], Callable[[Any], Any]] = {}
"""By the kind of log (`run`, `ledger`) and a format: makes plain data of a state of that format one of the next."""

SNAPSHOT_EVERY = 200
"""Records between snapshots: folding so many takes tens of milliseconds, writing one costs one request."""

BOOKMARK_MOST = 1024 * 1024
"""Bytes of folded records up to which a state may be kept beside the one that is being changed."""

TRIES = 8
"""How often a record is tried again because somebody else was faster: where a queue has groups, that is rare."""


class Undecidable(Exception):
    """Deciding on events of a run fails by itself, however often it is tried."""


class Unreadable(Exception):
    """A log cannot be folded: a record of it is damaged or missing, or does not fit."""


class Fold(Protocol[TState, TEvent, TEntry]):
    """How records are made of events and folded into a state."""

    state_type: Any

    def start(self) -> TState: ...

    def prepare(self, state: TState, events: tuple[TEvent, ...]) -> None:
        """Fetch what deciding and folding need. Raises what the world raises."""
        ...

    def decide(
        self, state: TState, events: tuple[TEvent, ...], now: int, carried: int, unsure: bool
    ) -> tuple[TState, TEntry]: ...

    def apply(self, state: TState, entry: TEntry) -> TState: ...

    def decode(self, record: bytes) -> TEntry:
        """Raises `FromTheFuture`."""
        ...

    def events_of(self, entry: TEntry) -> tuple[TEvent, ...]: ...


class Snapshot(msgspec.Struct, frozen=True):
    """A state after `seq` records, in this format."""

    format: int
    seq: int
    state: msgspec.Raw


@dataclass(frozen=True)
class Bookmark:
    """A history after `seq` records: its state, encoded, and what its history knew beside it."""

    seq: int
    state: bytes
    saved: int
    folded_bytes: int


class History(Generic[TState, TEvent, TEntry]):
    """One log, its fold so far, and how to take more events into it.

    The fold owns its state. Whenever anything goes wrong between a state and its record, the state is thrown away and
    folded anew, so it is never half of one. `done` is the number of the last record whose effects are known to be done,
    `folded_bytes` how much was folded since a snapshot, with that.
    """

    def __init__(
        self,
        log: Log,
        name: str,
        fold: Fold[TState, TEvent, TEntry],
        snapshots: BlobStore | None = None,
        every: int = SNAPSHOT_EVERY,
    ) -> None:
        self._log, self.name, self._fold = log, name, fold
        self._snapshots, self._every = snapshots, every
        self._encode = msgspec.json.Encoder().encode
        self.seq, self.state, self.done = 0, fold.start(), 0
        self._saved = 0
        self.folded_bytes = 0

    def refresh(self) -> TState:
        """Take in the log's tail; the first time from its beginning, or from the latest snapshot if it is long.

        Raises what the log raises, `Unreadable`, or `FromTheFuture` for a record of a newer version.
        """
        try:
            if self.seq == 0 and self._snapshots is not None:
                # Most logs are short and have no snapshot: what was asked for it would be more than they are.
                first = self._log.read(self.name, 0, self._every)
                if len(first) < self._every:
                    return self._take_all(first)
                self._restore(self._snapshots)
            return self._take_all(self._log.read(self.name, self.seq))
        except Damaged as error:
            self.forget()
            raise Unreadable(str(error)) from error

    def _take_all(self, records: list[bytes]) -> TState:
        for record in records:
            self._take_in(record)
        return self.state

    def take(self, events: Iterable[TEvent], now: int, *, unsure: bool = False) -> TState:
        """Decide on events and append the record. Tried again when somebody else was faster.

        Raises `Undecidable`, `Unreadable`, `FromTheFuture`, and what the log raises.
        """
        events = tuple(events)
        for _ in range(TRIES):
            # What comes side by side with others loses races, and need not read again what it has read.
            before = self.bookmark() if unsure else None
            if self._append(self.propose(events, now, unsure=unsure)):
                self._save()
                return self.state
            if before is not None:
                self.go_back(before)
            self.refresh()
        raise Conflict(f"{self.name}: others were faster {TRIES} times")

    def propose(self, events: tuple[TEvent, ...], now: int, *, unsure: bool = False) -> bytes:
        """The record for events. The state is ahead of the log then: `commit` or `forget` must follow."""
        self._prepare(events)
        try:
            self.state, entry = self._fold.decide(self.state, events, now, self.done, unsure)
            return self._encode(entry)
        except Exception as error:
            self.forget()
            raise Undecidable(f"{type(error).__name__}: {error}"[:1_000]) from error

    def commit(self, record: bytes) -> bool:
        """Append what was proposed; False, and the history is as new, if somebody else was faster."""
        if not self._append(record):
            return False
        self._save()
        return True

    def forget(self) -> None:
        """Be as new: the state is folded again when it is wanted."""
        self.seq, self._saved, self.state, self.folded_bytes = 0, 0, self._fold.start(), 0

    def bookmark(self) -> Bookmark | None:
        """Where this history stands, for somebody who may want to take a proposal back; None if that would cost much."""
        if not self.seq or self.folded_bytes > BOOKMARK_MOST:
            return None
        return Bookmark(self.seq, msgspec.msgpack.encode(self.state), self._saved, self.folded_bytes)

    def go_back(self, to: Bookmark) -> None:
        """Stand there again; what the log has since is read by `refresh`."""
        self.seq, self._saved, self.folded_bytes = to.seq, to.saved, to.folded_bytes
        self.state = msgspec.msgpack.decode(to.state, type=self._fold.state_type)

    def _append(self, record: bytes) -> bool:
        """A client whose put went through unanswered tries again and meets its own record: that is no lost race.

        Whatever else goes wrong, nobody knows whether the record is there, so the state is not to be trusted.
        """
        before, mine = self.seq, False
        try:
            mine = self._put(before, record)
        finally:
            if not mine:
                self.forget()
        if mine:
            self.seq = before + 1
            self.folded_bytes += len(record)
        return mine

    def _put(self, expected: int, record: bytes) -> bool:
        try:
            self._log.append(self.name, expected, record)
        except Conflict as conflict:
            there = conflict.there
            return (self._log.read(self.name, expected, 1)[:1] if there is None else [there]) == [record]
        return True

    def _take_in(self, record: bytes) -> None:
        number = self.seq + 1
        try:
            entry = self._fold.decode(record)
        except FromTheFuture:
            raise
        except Exception as error:
            raise self._unreadable(number, error) from error
        self._prepare(self._fold.events_of(entry))
        try:
            self.state = self._fold.apply(self.state, entry)
        except Exception as error:
            raise self._unreadable(number, error) from error
        self.seq = number
        self.folded_bytes += len(record)

    def _prepare(self, events: tuple[TEvent, ...]) -> None:
        try:
            self._fold.prepare(self.state, events)
        except Exception:
            self.forget()
            raise

    def _unreadable(self, number: int, error: Exception) -> Unreadable:
        self.forget()
        return Unreadable(f"record {number} of {self.name}: {type(error).__name__}: {error}"[:1_000])

    @property
    def _key(self) -> str:
        return f"snapshots/{self.name}"

    def _save(self) -> None:
        """Keep the state, now and then. A snapshot only saves time: one that cannot be written harms nothing."""
        if self._snapshots is None or self.seq - self._saved < self._every:
            return
        # Not tried again at once, whatever happens: the next one is as good.
        self._saved = self.seq
        try:
            state = msgspec.Raw(msgspec.msgpack.encode(self.state))
            snapshot = msgspec.msgpack.encode(Snapshot(STATE_FORMAT, self.seq, state))
            # Whoever is slower may put an older one over a newer one: the next reader has a longer tail, no more.
            self._snapshots.put(self._key, zlib.compress(snapshot, 1))
        except Exception:
            return

    def _restore(self, snapshots: BlobStore) -> None:
        try:
            packed = zlib.decompress(snapshots.get(self._key))
            snapshot = msgspec.msgpack.decode(packed, type=Snapshot)
            self.folded_bytes = len(packed)
            self.state = msgspec.msgpack.decode(self._upgraded(snapshot), type=self._fold.state_type)
            self.seq = self._saved = snapshot.seq
        except (KeyError, zlib.error, msgspec.DecodeError):
            return

    def _upgraded(self, snapshot: Snapshot) -> bytes:
        """The state in today's format. Raises `KeyError` if it is of a newer one, or nobody knows how."""
        if snapshot.format > STATE_FORMAT:
            raise KeyError(snapshot.format)
        state = bytes(snapshot.state)
        for format in range(snapshot.format, STATE_FORMAT):
            upgrade = UPGRADES[self.name.partition("/")[0], format]
            state = msgspec.msgpack.encode(upgrade(msgspec.msgpack.decode(state)))
        return state
