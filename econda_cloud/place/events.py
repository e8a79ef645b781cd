"""What the broker hears and what it commands. Both are idempotent by (run, instance, attempt)."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import AttemptsPlaced, Item
from econda_cloud.wire.pools import Pool
from econda_cloud.wire.terms import Terms


class BrokerEvent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event"):
    """Base of all events of the broker."""


class PoolsDeclared(BrokerEvent, frozen=True, kw_only=True, tag="pools_declared"):
    """The team's pools as they are now; replaces what was declared before."""

    pools: tuple[Pool, ...]


class PlacementRequested(BrokerEvent, frozen=True, kw_only=True, tag="placement_requested"):
    """Alike attempts want places; `rank`: how long (ms) their run is expected to go on once they begin."""

    run: str
    demand: Demand
    items: tuple[Item, ...]
    terms: Terms | None = None
    rank: int = 0


class AttemptsReleased(BrokerEvent, frozen=True, kw_only=True, tag="attempts_released"):
    """These attempts have ended or are not wanted any more."""

    run: str
    items: tuple[Item, ...]


AnyBrokerEvent: TypeAlias = PoolsDeclared | PlacementRequested | AttemptsReleased


class Place(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="place"):
    """Tell a run where a chunk of its attempts goes."""

    run: str
    placement: AttemptsPlaced


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="refuse"):
    """Tell a run that nothing in the team can ever take these attempts."""

    run: str
    items: tuple[Item, ...]
    message: str


AnyBrokerCommand: TypeAlias = Place | Refuse


class BrokerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the broker's log."""

    engine: int
    now: int
    events: tuple[AnyBrokerEvent, ...]
