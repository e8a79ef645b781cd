"""How the offers stand for what waits: who refuses it, who is full and how full, and how many wait before it.

Nothing here decides. A run that is answered is told so for what it waits for, and `econda why` asks the same of the broker's
newest state.
"""

from __future__ import annotations

from collections.abc import Collection

from econda_cloud.place import capacity
from econda_cloud.place.score import judge
from econda_cloud.place.state import Account, BrokerState, Line, Used
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.grants import Fullness, Standing, Verdict
from econda_cloud.wire.pools import Offer, Pool

_NOTHING = Used()


class Queue:
    """How many attempts wait before some lines, by pool: those of a greater priority, and of the same that came earlier.

    `wanted` are runs with classes. All that waits is gone through once, because a team may have thousands of runs that do.
    """

    def __init__(self, state: BrokerState, wanted: Collection[tuple[str, str]]) -> None:
        self._state = state
        self._before: dict[tuple[str, str], dict[str, int]] = {}
        takes = {demand: _takers(state, demand) for demand in state.waiting}
        runs = state.runs
        rows = [
            (-(account := runs[run]).priority, (line := account.lines[demand]).since_ms, run, demand, line.ready)
            for demand, waiting in state.waiting.items()
            for run in waiting
        ]
        rows.sort()
        sums = dict.fromkeys(state.waiting, 0)
        for _, _, run, demand, ready in rows:
            if (run, demand) in wanted:
                self._before[run, demand] = _by_pool(takes, sums, demand)
            sums[demand] += ready

    def standing(self, account: Account, line: Line) -> Standing:
        """How all offers stand for a line."""
        return _standing(self._state, account, line, self._before.get((account.run, line.demand), {}))


def _by_pool(takes: dict[str, list[str]], sums: dict[str, int], demand: str) -> dict[str, int]:
    """Of the pools that take this class, how many attempts of all classes are counted that they take."""
    found = dict.fromkeys(takes[demand], 0)
    for other, number in sums.items():
        for pool in takes[other] if number else ():
            if pool in found:
                found[pool] += number
    return found


def _takers(state: BrokerState, demand: str) -> list[str]:
    """The pools that take attempts of a class, policies left out."""
    known = {verdict.offer for verdict in state.verdicts.get(demand, ()) if verdict.score is not None}
    return [pool.name for pool in state.pools.values() if any(offer.name in known for offer in pool.offers)]


def _standing(state: BrokerState, account: Account, line: Line, before: dict[str, int]) -> Standing:
    demand = state.demands[line.demand]
    verdicts = {verdict.offer: verdict for verdict in line.verdicts or state.verdicts.get(line.demand, ())}
    offers = tuple(
        _fullness(
            state, pool, offer, demand, _verdict(account, pool, offer, demand, verdicts), before.get(pool.name, 0)
        )
        for pool in state.pools.values()
        for offer in pool.offers
    )
    left = None if account.budget is None else account.budget - account.spent - account.reserved
    return Standing(demand=line.demand, offers=offers, left=left)


def _verdict(account: Account, pool: Pool, offer: Offer, demand: Demand, known: dict[str, Verdict]) -> Verdict:
    found = known.get(offer.name) or judge(demand, pool, offer)
    if not found.refused and not pool.admits(account.namespace):
        return Verdict(offer=offer.name, refused="it is kept for other namespaces")
    return found


def _fullness(state: BrokerState, pool: Pool, offer: Offer, demand: Demand, verdict: Verdict, ahead: int) -> Fullness:
    if verdict.refused:
        return Fullness(offer=offer.name, refused=verdict.refused)
    used = state.used.get(pool.name, _NOTHING)
    cpu, memory, gpu = capacity.taken(pool, demand)
    return Fullness(
        offer=offer.name,
        score=verdict.score,
        free=capacity.room(state, pool, offer, demand),
        ahead=ahead,
        slots=(used.slots, pool.slots),
        # Only what it would need of each can be what is lacking.
        cpu_milli=(used.cpu_milli, pool.cpu_milli) if cpu else (0, 0),
        memory=(used.memory, pool.memory) if memory else (0, 0),
        gpu=(used.gpu, pool.gpu) if gpu else (0, 0),
    )
