"""What an offer is worth to a demand: money, with waiting counted as money."""

from __future__ import annotations

import msgspec

from econda_cloud.money.amounts import MS_PER_HOUR, NANOS_PER_USD
from econda_cloud.money.prices import Price, attempt_cost
from econda_cloud.place.demand import Demand
from econda_cloud.place.fits import refusals
from econda_cloud.place.state import BrokerState, Offer, Pool
from econda_cloud.run.events import Verdict

HOUR_OF_WAITING = 2 * NANOS_PER_USD
"""An hour of waiting is worth two dollars: the default of the design's `frugal` house policy."""

UNKNOWN_TIME_MS = 10_000
"""Run time assumed for ranking when a task declares none; never reported as an estimate."""

SPOT_LONGEST_MS = MS_PER_HOUR
"""Longest run time risked on spot capacity without checkpoints."""


def price_for(demand: Demand, offer: Offer) -> Price:
    """What an attempt pays by the hour: the node's price, or of a shared node the largest share that it reserves."""
    node, price = offer.node, offer.price
    if offer.whole or not price.per_hour:
        return price
    shares = [(demand.cpu_milli, node.cpu_milli), (demand.memory, node.memory), (demand.gpu, node.gpu)]
    hourly = max(-(-price.per_hour * asked // has) for asked, has in shares if has)
    return msgspec.structs.replace(price, per_hour=min(hourly, price.per_hour))


def judge(demand: Demand, pool: Pool, offer: Offer) -> Verdict:
    """The broker's opinion of one offer; the lowest score wins."""
    reasons = refusals(demand, pool, offer)
    if offer.spot and not demand.checkpoints and (demand.time_ms or 0) > SPOT_LONGEST_MS:
        reasons.append("longer than 1h without checkpoints must not ride spot")
    if reasons:
        return Verdict(offer=offer.name, refused="; ".join(reasons))
    time = demand.time_ms if demand.time_ms is not None else UNKNOWN_TIME_MS
    cost = attempt_cost(price_for(demand, offer), time, demand.memory)
    if cost is None:
        return Verdict(offer=offer.name, refused="its price is unknown")
    wait = HOUR_OF_WAITING * offer.cold_start_ms // MS_PER_HOUR
    return Verdict(offer=offer.name, score=cost + wait, cost=cost)


def waiting_cost(demand: Demand, pool: Pool, ahead: int) -> int:
    """What waiting for a full pool is worth, in nano-dollars, if `ahead` attempts wait for it as well.

    A slot is expected to be free after one more chunk like these, and each round of slots takes as many of them.
    """
    time = demand.time_ms if demand.time_ms is not None else UNKNOWN_TIME_MS
    chunk = 1 if pool.chunk_max == 1 or pool.array else max(1, min(pool.chunk_max, pool.chunk_ms // max(1, time)))
    rounds = -(-ahead // max(1, pool.slots * chunk))
    return HOUR_OF_WAITING * time * chunk * rounds // MS_PER_HOUR


def ranked(state: BrokerState, demand: Demand) -> list[tuple[Pool, Offer, Verdict]]:
    """All offers with their verdicts, the best first and the refused last; ties by name. The seam for matching."""
    judged = [(pool, offer, judge(demand, pool, offer)) for pool in state.pools.values() for offer in pool.offers]
    return sorted(judged, key=lambda j: (j[2].score is None, j[2].score or 0, j[1].name))
