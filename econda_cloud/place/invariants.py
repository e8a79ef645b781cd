"""What always holds of the broker, checked after every step by tests and the simulator."""

from __future__ import annotations

from econda_cloud.place.state import BrokerState, Used
from econda_cloud.wire.broken import Broken


def check(state: BrokerState) -> None:
    """Raises `Broken`."""
    for pool in state.pools.values():
        held = [h for h in state.held.values() if h.pool == pool.name]
        totals = (
            sum(h.times for h in held),
            sum(h.cpu_milli * h.times for h in held),
            sum(h.memory * h.times for h in held),
            sum(h.gpu * h.times for h in held),
        )
        used = state.used.get(pool.name, Used())
        if totals != (used.slots, used.cpu_milli, used.memory, used.gpu):
            raise Broken(f"{pool.name} holds {totals}, but {used} is said to be used")
        limits = (pool.slots, pool.cpu_milli, pool.memory, pool.gpu)
        if any(total > limit for total, limit in zip(totals, limits, strict=True)):
            raise Broken(f"{pool.name} holds {totals}, more than {limits}")
    for run, refused in state.refused.items():
        waiting = {item for each in state.waiting if each.run == run for item in each.items.items()}
        if not refused or waiting & set(refused.items()):
            raise Broken(f"attempts of {run} are refused and wait at once, or nothing of it is refused: {refused}")
    open_items = sum(len(held.open) for held in state.held.values())
    if open_items != len(state.placed):
        raise Broken(f"{open_items} attempts hold capacity, {len(state.placed)} are placed")
