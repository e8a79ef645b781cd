"""How the offers stand for what waits: who refuses it, who is full and how full, and how many wait before it.

Nothing here decides. A run that is answered is told so for what it waits for, and `econda why` asks the same of the broker's
newest state.
"""

from __future__ import annotations

from econda_cloud.place import capacity
from econda_cloud.place.lending import in_turn
from econda_cloud.place.score import judge
from econda_cloud.place.state import Account, BrokerState, Line, Used
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.grants import Fullness, Standing, Verdict
from econda_cloud.wire.pools import Offer, Pool

_NOTHING = Used()


class Queue:
    """How many attempts wait before each line, by pool: those that get a slot of it first when one is free."""

    def __init__(self, state: BrokerState) -> None:
        self._before: dict[tuple[str, str], dict[str, int]] = {}
        takes: dict[str, list[str]] = {}
        sums: dict[str, int] = {}
        lines = [(state.runs[run], state.runs[run].lines[key]) for key, runs in state.waiting.items() for run in runs]
        for account, line in in_turn(lines):
            if line.demand not in takes:
                takes[line.demand] = _takers(state, line.demand)
            self._before[account.run, line.demand] = {pool: sums.get(pool, 0) for pool in takes[line.demand]}
            for pool in takes[line.demand]:
                sums[pool] = sums.get(pool, 0) + line.ready

    def before(self, run: str, demand: str) -> dict[str, int]:
        """By pool; empty for what does not wait."""
        return self._before.get((run, demand), {})


def _takers(state: BrokerState, demand: str) -> list[str]:
    """The pools that take attempts of a class, policies left out."""
    known = {verdict.offer for verdict in state.verdicts.get(demand, ()) if verdict.score is not None}
    return [pool.name for pool in state.pools.values() if any(offer.name in known for offer in pool.offers)]


def standing(state: BrokerState, account: Account, line: Line, queue: Queue) -> Standing:
    """How all offers stand for a line."""
    demand, before = state.demands[line.demand], queue.before(account.run, line.demand)
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
