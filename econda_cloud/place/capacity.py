"""What of each pool and offer is lent, kept as sums so that nobody has to go through all that is held."""

from __future__ import annotations

from econda_cloud.place.state import BrokerState, Used
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Offer, Pool

_NOTHING = Used()


def taken(pool: Pool, demand: Demand) -> tuple[int, int, int]:
    """Thousandths of cores, bytes and GPUs that a slot takes of a node: as the pool rounds them."""
    step = pool.cpu_step_milli
    return -(-demand.cpu_milli // step) * step, demand.memory + pool.memory_extra, demand.gpu


def occupy(state: BrokerState, pool_name: str, offer: str, demand: str, slots: int) -> None:
    """Lend so many slots more, or take them back if that is negative."""
    if not slots:
        return
    sums, pool = state.used.setdefault(pool_name, Used()), state.pools.get(pool_name)
    sums.slots += slots
    if pool is not None:
        cpu, memory, gpu = taken(pool, state.demands[demand])
        sums.cpu_milli += cpu * slots
        sums.memory += memory * slots
        sums.gpu += gpu * slots
    by_class = state.on_offer.setdefault(offer, {})
    by_class[demand] = by_class.get(demand, 0) + slots
    if not by_class[demand]:
        del by_class[demand]


def room(state: BrokerState, pool: Pool, offer: Offer, demand: Demand) -> int:
    """How many more slots of this size the offer has: by what the pool has in all, and by whole nodes.

    What does not fit on a node any more is no room, however much of it there is in all.
    """
    sums, (cpu, memory, gpu) = state.used.get(pool.name, _NOTHING), taken(pool, demand)
    left = pool.slots - sums.slots
    for free, asked in ((pool.cpu_milli - sums.cpu_milli, cpu), (pool.memory - sums.memory, memory), (pool.gpu - sums.gpu, gpu)):  # fmt: skip
        if asked:
            left = min(left, free // asked)
    if offer.nodes is not None:
        left = min(left, _room_on_nodes(state, pool, offer, demand))
    return max(0, left)


def per_node(pool: Pool, offer: Offer, demand: Demand) -> int:
    """How many slots of this size one node takes."""
    cpu, memory, gpu = taken(pool, demand)
    node = offer.node
    fits = [has // asked for has, asked in ((node.cpu_milli, cpu), (node.memory, memory), (node.gpu, gpu)) if asked]
    return max(1, min(fits, default=1))


def _room_on_nodes(state: BrokerState, pool: Pool, offer: Offer, demand: Demand) -> int:
    """Each class is counted in nodes of its own: more than that may fit, but never less."""
    assert offer.nodes is not None
    mine, busy = per_node(pool, offer, demand), 0
    own = 0
    for key, slots in state.on_offer.get(offer.name, {}).items():
        if key == demand.key:
            own = slots
        elif (other := state.demands.get(key)) is not None:
            busy += -(-slots // per_node(pool, offer, other))
    return (offer.nodes - busy) * mine - own


def recount(state: BrokerState) -> None:
    """Add up anew what is lent, after pools have changed."""
    state.used, state.on_offer = {}, {}
    for account in state.runs.values():
        for line in account.lines.values():
            for lent in line.lent.values():
                occupy(state, lent.pool, lent.offer, line.demand, lent.slots)
