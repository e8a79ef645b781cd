"""What always holds of the broker, checked after every step by tests and the simulator."""

from __future__ import annotations

from econda_cloud.place.capacity import taken
from econda_cloud.place.state import BrokerState, Used
from econda_cloud.wire.broken import Broken


def check(state: BrokerState) -> None:
    """Raises `Broken`."""
    for pool in state.pools.values():
        _pool(state, pool.name)
    for account in state.runs.values():
        for line in account.lines.values():
            waits = account.run in state.waiting.get(line.demand, {})
            if waits != line.waits or (line.waits and not line.ready):
                raise Broken(
                    f"{account.run} waits for {line.demand}: {waits}, its line says {line.waits}, {line.ready}"
                )
    for demand, runs in state.waiting.items():
        if not runs or any(demand not in state.runs[run].lines for run in runs):
            raise Broken(f"nobody wants {demand}, but it waits for {sorted(runs)[:3]}")


def _pool(state: BrokerState, name: str) -> None:
    pool, sums = state.pools[name], Used()
    for account in state.runs.values():
        for line in account.lines.values():
            for lent in line.lent.values():
                if lent.pool != name:
                    continue
                cpu, memory, gpu = taken(pool, state.demands[line.demand])
                sums.slots += lent.slots
                sums.cpu_milli += cpu * lent.slots
                sums.memory += memory * lent.slots
                sums.gpu += gpu * lent.slots
    if sums != state.used.get(name, Used()):
        raise Broken(f"of {name} is lent {sums}, but {state.used.get(name)} is said to be used")


def within_limits(state: BrokerState) -> None:
    """Raises `Broken` if more is lent of a pool than there is; after a deployment that may be so for a while."""
    for pool in state.pools.values():
        sums = state.used.get(pool.name, Used())
        total = (sums.slots, sums.cpu_milli, sums.memory, sums.gpu)
        limits = (pool.slots, pool.cpu_milli, pool.memory, pool.gpu)
        if any(has > limit for has, limit in zip(total, limits, strict=True)):
            raise Broken(f"of {pool.name} is lent {total}, more than {limits}")
