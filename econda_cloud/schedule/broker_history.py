"""The history of a team's broker."""

from __future__ import annotations

from collections.abc import Callable

from econda_cloud.place.advance import apply, decide
from econda_cloud.place.lending import Facts
from econda_cloud.place.state import BrokerState
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.schedule.history import SNAPSHOT_EVERY, History
from econda_cloud.wire.broker import AnyBrokerEvent, BrokerEntry, decode_broker_entry

BrokerHistory = History[BrokerState, AnyBrokerEvent, BrokerEntry]


class BrokerFold:
    """Folds a broker's log; `facts` tells what it knows from elsewhere when it decides."""

    state_type = BrokerState

    def __init__(self, facts: Callable[[], Facts]) -> None:
        self._facts = facts

    def start(self) -> BrokerState:
        return BrokerState()

    def prepare(self, state: BrokerState, events: tuple[AnyBrokerEvent, ...]) -> None: ...

    def decide(
        self, state: BrokerState, events: tuple[AnyBrokerEvent, ...], now: int, carried: int, unsure: bool
    ) -> tuple[BrokerState, BrokerEntry]:
        del unsure
        return decide(state, events, now, self._facts(), carried)

    def apply(self, state: BrokerState, entry: BrokerEntry) -> BrokerState:
        return apply(state, entry)

    def decode(self, record: bytes) -> BrokerEntry:
        return decode_broker_entry(record)

    def events_of(self, entry: BrokerEntry) -> tuple[AnyBrokerEvent, ...]:
        return entry.events


def broker_history(
    log: Log,
    team: str,
    facts: Callable[[], Facts] = lambda: Facts({}),
    snapshots: BlobStore | None = None,
    every: int = SNAPSHOT_EVERY,
) -> BrokerHistory:
    return History(log, f"ledger/{team}", BrokerFold(facts), snapshots, every)
