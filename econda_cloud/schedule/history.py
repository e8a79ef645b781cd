"""Histories: the state of a run or of the broker as the fold of its log, kept warm between invocations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeAlias, TypeVar

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.place.events import AnyBrokerCommand, AnyBrokerEvent, BrokerEntry
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step as broker_step
from econda_cloud.ports.log import Conflict, Log
from econda_cloud.run.commands import AnyCommand
from econda_cloud.run.events import ENGINE_VERSION, AnyEvent, Entry
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step as run_step

TState = TypeVar("TState")
TEvent = TypeVar("TEvent")
TCommand = TypeVar("TCommand")
TEntry = TypeVar("TEntry", Entry, BrokerEntry)


class History(Generic[TState, TEvent, TCommand, TEntry]):
    """One log, its fold so far, and how to take more events into it.

    The fold owns its state: after a lost race it is folded anew from the log, never patched up.
    """

    def __init__(
        self,
        log: Log,
        name: str,
        entry: type[TEntry],
        start: Callable[[], TState],
        step: Callable[[TState, Iterable[TEvent], int], tuple[TState, list[TCommand]]],
    ) -> None:
        self._log, self._name, self._start, self._step = log, name, start, step
        self._entry = entry
        self._decoder = msgspec.json.Decoder(entry)
        self._encoder = msgspec.json.Encoder()
        self.seq, self.state = 0, start()

    def refresh(self) -> TState:
        """Read the tail of the log."""
        for record in self._log.read(self._name, self.seq):
            entry = self._decoder.decode(record)
            self.state, _ = self._step(self.state, entry.events, entry.now)  # type: ignore[arg-type]
            self.seq += 1
        return self.state

    def take(self, events: Iterable[TEvent], now: int) -> list[TCommand]:
        """Append events and fold them in; returns their commands. Retried when somebody else was faster."""
        events = tuple(events)
        record = self._encoder.encode(self._entry(engine=ENGINE_VERSION, now=now, events=events))  # type: ignore[arg-type]
        while True:
            try:
                self._log.append(self._name, self.seq, record)
            except Conflict:
                self.refresh()
                continue
            self.seq += 1
            self.state, commands = self._step(self.state, events, now)
            return commands


RunHistory: TypeAlias = History[RunState | None, AnyEvent, AnyCommand, Entry]


def run_history(log: Log, plan: Plan, run: str) -> RunHistory:
    return History(log, f"run/{run}", Entry, lambda: None, lambda s, events, now: run_step(plan, s, events, now))


def broker_history(log: Log, team: str) -> History[BrokerState, AnyBrokerEvent, AnyBrokerCommand, BrokerEntry]:
    return History(log, f"broker/{team}", BrokerEntry, BrokerState, broker_step)
