"""Rounds of the broker: what runs have told taken in as one record, and each run answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
from econda_edsl.plan import Policy

from econda_cloud.place.advance import pending
from econda_cloud.place.lending import Facts
from econda_cloud.place.state import BrokerState
from econda_cloud.place.taking import is_stale
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.schedule.history import SNAPSHOT_EVERY
from econda_cloud.wire.broker import AnyBrokerEvent, PoolsDeclared
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import RunTold
from econda_cloud.wire.keys import policy_key
from econda_cloud.wire.pools import Pool


class BrokerEffects(Protocol):
    """May be repeated, and then changes nothing more. Raises what the world raises."""

    def answer(self, answers: Sequence[tuple[str, GrantsSet]]) -> None:
        """Tell runs what is lent to them."""
        ...

    def wake_broker(self, at_ms: int, now: int) -> None: ...


class BrokerRounds:
    """The broker of one team, in one process. `policies` finds a policy by its digest, None if it is gone."""

    def __init__(
        self,
        log: Log,
        team: str,
        effects: BrokerEffects,
        policies: Callable[[str], Policy | None],
        snapshots: BlobStore | None = None,
        *,
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        self._effects, self._find = effects, policies
        self._policies: dict[str, Policy] = {}
        self.history = broker_history(log, team, lambda: Facts(self._policies), snapshots, snapshot_every)

    @property
    def state(self) -> BrokerState:
        return self.history.state

    def declare(self, pools: tuple[Pool, ...], now: int) -> None:
        """Make these the team's pools, if they are not already."""
        if self.history.refresh().pools != {pool.name: pool for pool in pools}:
            self.take([PoolsDeclared(pools=pools)], now)

    def take(self, events: Iterable[AnyBrokerEvent], now: int, *, again: bool = False) -> None:
        """Take events in and answer the runs they concern. again: see `rounds.Taking`.

        Raises what the world raises, and what `History.take` raises.
        """
        history, events = self.history, tuple(events)
        # Nearly always this process alone hears what is for the broker: what it knows is tried first, and read only if
        # that is refused.
        state = history.refresh() if again or not history.seq else history.state
        history.done = state.carried if again else max(history.done, history.seq)
        if again:
            # What was taken before its messages came again is on record: only its effects may be missing.
            events = tuple(event for event in events if not is_stale(state, event))
        if events:
            self._learn(events, state)
            history.take(events, now)
        answers, wake_ms = pending(history.state, history.done)
        if answers:
            self._effects.answer(list(answers.items()))
        if wake_ms:
            self._effects.wake_broker(wake_ms, now)
        history.done = history.seq

    def _learn(self, events: tuple[AnyBrokerEvent, ...], state: BrokerState) -> None:
        """Read the policies that may be asked for now, each once."""
        digests = {event.terms.policy for event in events if isinstance(event, RunTold) and event.terms is not None}
        digests |= {account.terms.policy for account in state.runs.values() if account.terms is not None}
        for digest in sorted(digests - self._policies.keys() - {""}):
            if (policy := self._find(digest)) is not None:
                self._policies[digest] = policy


def stored_policy(blobs: BlobStore, digest: str) -> Policy | None:
    """A policy as a run left it for the broker; None if it is gone."""
    try:
        return msgspec.json.decode(blobs.get(policy_key(digest)), type=Policy)
    except (KeyError, msgspec.DecodeError):
        return None


def store_policy(blobs: BlobStore, digest: str, policy: Policy) -> None:
    """Leave a policy for the broker."""
    blobs.put(policy_key(digest), msgspec.json.encode(policy))
