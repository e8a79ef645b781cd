"""A broker without a scheduler, and runs that tell it what they want."""

from __future__ import annotations

from typing import Any

import msgspec
from econda_edsl.plan import Policy

from econda_cloud.place.advance import apply, decide, pending
from econda_cloud.place.invariants import check
from econda_cloud.place.lending import Facts
from econda_cloud.place.state import BrokerState, encode_state
from econda_cloud.wire.broker import AnyBrokerEvent, BrokerEntry, PoolsDeclared, decode_broker_entry
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import Grant, RunTold, Want
from econda_cloud.wire.pools import Pool

_decode = msgspec.msgpack.Decoder(BrokerState).decode


class Lender:
    """A broker that hears events. Each of its records must fold the state before it to the very same state after it."""

    def __init__(self, *pools: Pool, policies: dict[str, Policy] | None = None, proven: bool = True) -> None:
        self.state, self.facts, self.proven = BrokerState(), Facts({} if policies is None else policies), proven
        self.entries: list[BrokerEntry] = []
        self.versions: dict[str, int] = {}
        self.lent: dict[str, GrantsSet] = {}
        self.wakes: list[int] = []
        if pools:
            self.hear(PoolsDeclared(pools=pools))

    def hear(self, *events: AnyBrokerEvent, now: int = 0) -> dict[str, GrantsSet]:
        """What each run is told because of these."""
        before = encode_state(self.state) if self.proven else b""
        seq = self.state.seq
        self.state, entry = decide(self.state, events, now, self.facts, carried=seq)
        if self.proven:
            again = apply(_decode(before), decode_broker_entry(msgspec.json.encode(entry)))
            assert encode_state(again) == encode_state(self.state), "the record folds to another state"
            check(self.state)
        self.entries.append(entry)
        answers, wake_ms = pending(self.state, seq)
        self.wakes += [wake_ms] if wake_ms else []
        self.lent |= answers
        return answers

    def told(self, run: str, *wants: Want, namespace: str = "n", **more: Any) -> RunTold:
        """The next thing that a run tells."""
        self.versions[run] = self.versions.get(run, 0) + 1
        return RunTold(run=run, namespace=namespace, version=self.versions[run], wants=wants, **more)

    def tell(self, run: str, *wants: Want, now: int = 0, **more: Any) -> GrantsSet:
        """What a run is answered that tells this."""
        return self.hear(self.told(run, *wants, **more), now=now)[run]

    def slots(self, run: str) -> dict[str, int]:
        """What a run was lent last, by offer."""
        found: dict[str, int] = {}
        for grant in self.lent[run].grants if run in self.lent else ():
            found[grant.offer] = found.get(grant.offer, 0) + grant.slots
        return found


def slots(answer: GrantsSet) -> dict[str, int]:
    """By offer."""
    return {grant.offer: grant.slots for grant in answer.grants}


def only(answer: GrantsSet) -> Grant:
    [grant] = answer.grants
    return grant


def want(demand: Demand, ready: int = 1, **more: Any) -> Want:
    return Want(demand=demand, ready=ready, **more)
