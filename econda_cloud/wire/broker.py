"""What the broker hears, and a record of its log: what came in and what was decided."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from econda_cloud.wire.entries import engine_of, raise_if_of_another_time
from econda_cloud.wire.grants import RunTold, Unplaceable, Verdict
from econda_cloud.wire.pools import Pool


class PoolsDeclared(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="pools_declared"):
    """The team's pools as they are now; replaces what was declared before."""

    pools: tuple[Pool, ...]


class BrokerWoken(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="broker_woken"):
    """Time has passed for what waits under a policy that asks how long it has waited."""

    at_ms: int


class Recalled(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="recalled"):
    """A run is to have no more than `slots` of an offer: begins nothing beyond, and gives back what ends."""

    run: str
    offer: str
    slots: int


AnyBrokerEvent: TypeAlias = PoolsDeclared | RunTold | BrokerWoken | Recalled


class BrokerDecision(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True, tag_field="decision"):
    """Base of all decisions of the broker. Written as arrays."""


class Judged(BrokerDecision, frozen=True, tag="judged"):
    """What every offer is worth to a class of attempts, policies left out."""

    demand: str
    verdicts: tuple[Verdict, ...]


class Share(msgspec.Struct, frozen=True, array_like=True):
    """Slots of an offer for one class of a run. reserved: nano-dollars set aside."""

    pool: str
    offer: str
    slots: int
    until_ms: int
    reserved: int = 0


class Lend(BrokerDecision, frozen=True, tag="lend"):
    """All that is lent to a run for one class from now on, and how many attempts are left that wait for more.

    verdicts: of the run's policy, if it has one.
    """

    run: str
    demand: str
    shares: tuple[Share, ...]
    left: int = 0
    verdicts: tuple[Verdict, ...] = ()


class Answer(BrokerDecision, frozen=True, tag="answer"):
    """The run is told what is lent to it."""

    run: str
    unplaceable: tuple[Unplaceable, ...] = ()


class WakeBroker(BrokerDecision, frozen=True, tag="wake"):
    """The broker asks to be woken."""

    at_ms: int


AnyBrokerDecision: TypeAlias = Judged | Lend | Answer | WakeBroker


class BrokerEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One record of the broker's log; see `entries.Entry`."""

    engine: int
    now: int
    events: tuple[AnyBrokerEvent, ...]
    decisions: tuple[AnyBrokerDecision, ...] = ()
    carried: int = 0


_decoder = msgspec.json.Decoder(BrokerEntry)


def decode_broker_entry(data: bytes) -> BrokerEntry:
    """Raises `FromTheFuture`, `FromThePast`, or `msgspec.DecodeError` for anything else that is no record."""
    try:
        entry = _decoder.decode(data)
    except msgspec.ValidationError:
        raise_if_of_another_time(engine_of(data))
        raise
    raise_if_of_another_time(entry.engine)
    return entry
