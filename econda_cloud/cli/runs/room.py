"""How full the offers are that an instance could run on, as its broker knows it now."""

from __future__ import annotations

from dataclasses import dataclass

from econda_cloud.cli.runs.stores import Found
from econda_cloud.place import capacity
from econda_cloud.place.score import judge
from econda_cloud.place.state import BrokerState, Used
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.wire.demand import Demand


@dataclass(frozen=True)
class Room:
    """An offer: how many more attempts of one class it has room for, and how much of its pool is lent, of how much.

    `refused`: why it takes none of them, however empty it is.
    """

    offer: str
    free: int
    slots: tuple[int, int]
    cpu_milli: tuple[int, int]
    refused: str = ""

    def words(self) -> str:
        if self.refused:
            return f"refused: {self.refused}"
        free = f"room for {self.free:,} more" if self.free else "full"
        lent = f"{self.slots[0]:,} of {self.slots[1]:,} slots"
        cores = f", {_cores(self.cpu_milli[0])} of {_cores(self.cpu_milli[1])} cores" if self.cpu_milli[1] else ""
        return f"{free}; lent of its pool: {lent}{cores}"


def waits(state: RunState, instance: str) -> bool:
    """Whether an instance is ready and has no place yet."""
    return any(instance in group.items for group in state.groups.values())


def rooms(found: Found, state: RunState, instance: str) -> list[Room]:
    """All offers for an instance that waits or runs; none for one that does neither."""
    demand = _demand(state, instance)
    team = found.store.team
    name = f"local-{found.run}" if team is None else team.stack.team
    broker = broker_history(found.store.log, name, snapshots=found.store.blobs).refresh() if demand else None
    return _of(broker, demand) if broker is not None and demand is not None else []


def _demand(state: RunState, instance: str) -> Demand | None:
    key = next((group.demand for group in state.groups.values() if instance in group.items), None)
    if key is None:
        open_ = (chunk.demand for chunk in state.chunks.values() if any(item[0] == instance for item in chunk.open))
        key = next(open_, None)
    return state.demands.get(key) if key is not None else None


def _of(broker: BrokerState, demand: Demand) -> list[Room]:
    found = []
    for pool in broker.pools.values():
        used = broker.used.get(pool.name, Used())
        slots, cpu = (used.slots, pool.slots), (used.cpu_milli, pool.cpu_milli)
        for offer in pool.offers:
            free = capacity.room(broker, pool, offer, demand)
            found.append(Room(offer.name, free, slots, cpu, judge(demand, pool, offer).refused))
    return found


def _cores(milli: int) -> str:
    return f"{milli / 1000:,.3f}".rstrip("0").rstrip(".")
