"""What of each pool is taken, kept as sums so that nobody has to go through all that is held."""

from __future__ import annotations

from econda_cloud.place.state import BrokerState, Held, Used
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Pool


def used(state: BrokerState, pool: str) -> Used:
    """What is taken of a pool; the answer is the state's own."""
    return state.used.setdefault(pool, Used())


def occupy(state: BrokerState, held: Held, times: int) -> None:
    """Take the reservation of a chunk so many times, or give it back if that is negative."""
    taken = used(state, held.pool)
    taken.slots += times
    taken.cpu_milli += held.cpu_milli * times
    taken.memory += held.memory * times
    taken.gpu += held.gpu * times


def room(state: BrokerState, pool: Pool, demand: Demand) -> int:
    """How many more reservations of this size the pool has room for."""
    taken = used(state, pool.name)
    left = pool.slots - taken.slots
    for free, asked in (
        (pool.cpu_milli - taken.cpu_milli, demand.cpu_milli),
        (pool.memory - taken.memory, demand.memory),
        (pool.gpu - taken.gpu, demand.gpu),
    ):
        if asked:
            left = min(left, free // asked)
    return max(0, left)


def has_slot(state: BrokerState) -> bool:
    """Whether any pool could take one more chunk, however small."""
    return any(pool.slots > used(state, pool.name).slots for pool in state.pools.values())
