"""What an offer is worth to a demand: money, with waiting counted as money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec
from econda_edsl.plan import Policy

from econda_cloud.money.amounts import MS_PER_HOUR, NANOS_PER_USD
from econda_cloud.money.prices import Price, attempt_cost
from econda_cloud.place.fits import refusals
from econda_cloud.place.policed import Moment, decision
from econda_cloud.wire.demand import Demand, expected_time_ms
from econda_cloud.wire.grants import SPOT_LONGEST_MS, Verdict
from econda_cloud.wire.pools import Offer, Pool
from econda_cloud.wire.terms import Terms

HOUR_OF_WAITING = 2 * NANOS_PER_USD
"""An hour of waiting is worth two dollars: the default of the design's `frugal` house policy."""


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
    cost = attempt_cost(price_for(demand, offer), expected_time_ms(demand), demand.memory)
    if cost is None:
        return Verdict(offer=offer.name, refused="its price is unknown")
    wait = HOUR_OF_WAITING * offer.cold_start_ms // MS_PER_HOUR
    return Verdict(offer=offer.name, score=cost + wait, cost=cost)


def expected_wait_ms(demand: Demand, pool: Pool, ahead: int) -> int:
    """How long a place in a full pool is expected to take if `ahead` attempts wait for it as well.

    A slot is expected to be free after one more chunk like these, and each round of slots takes as many of them.
    """
    time = expected_time_ms(demand)
    chunk = 1 if pool.chunk_max == 1 or pool.array else max(1, min(pool.chunk_max, pool.chunk_ms // max(1, time)))
    rounds = -(-ahead // max(1, pool.slots * chunk))
    return time * chunk * rounds


def waiting_cost(demand: Demand, pool: Pool, ahead: int) -> int:
    """What waiting for a full pool is worth, in nano-dollars, if `ahead` attempts wait for it as well."""
    return HOUR_OF_WAITING * expected_wait_ms(demand, pool, ahead) // MS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Option:
    """An offer as the broker sees it for some attempts: `rank` orders what is not refused, the least first.

    `never`: it will not do at any later time either. `waits`: its wait is part of its rank already.
    """

    pool: Pool
    offer: Offer
    verdict: Verdict
    rank: tuple[float, ...]
    never: bool
    waits: bool = False

    @property
    def open(self) -> bool:
        return self.verdict.score is not None


@dataclass(frozen=True, slots=True)
class Asking:
    """Attempts of one class of a run that want slots, under the terms and the policy of the run, if it has any."""

    demand: Demand
    ready: int
    since_ms: int
    terms: Terms | None = None
    policy: Policy | None = None
    namespace: str = ""


def options(
    pools: Iterable[Pool], asking: Asking, known: Mapping[str, Verdict], room: Callable[[Pool, Offer], int], now: int
) -> list[Option]:
    """All offers for what waits, the best first and the refused last; ties by name. The seam for matching.

    known: what each offer is worth to this class, policies left out (`judge`).
    """
    found = [_option(asking, pool, offer, known[offer.name], room, now) for pool in pools for offer in pool.offers]
    return sorted(found, key=lambda o: (not o.open, o.rank, o.offer.name))


def _option(
    asking: Asking, pool: Pool, offer: Offer, verdict: Verdict, room: Callable[[Pool, Offer], int], now: int
) -> Option:
    if not pool.admits(asking.namespace):
        kept = f"it is kept for {', '.join(pool.namespaces)}" if pool.namespaces else f"{asking.namespace} has its own"
        return Option(pool, offer, Verdict(offer=offer.name, refused=kept), (), never=True)
    if verdict.score is None or asking.policy is None or asking.terms is None:
        return Option(pool, offer, verdict, (verdict.score or 0,), verdict.score is None)
    free = room(pool, offer)
    moment = Moment(
        now=now,
        time_ms=expected_time_ms(asking.demand),
        cost=verdict.cost,
        wait_ms=0 if free else expected_wait_ms(asking.demand, pool, asking.ready),
        waited_ms=max(0, now - asking.since_ms),
        length=asking.ready,
        free=free,
    )
    said, never = decision(asking.policy, asking.terms, asking.demand, pool, offer, moment)
    if said.refused:
        refused = Verdict(offer=offer.name, refused="; ".join(said.refused))
        return Option(pool, offer, refused, (), never)
    if not said.score:
        return Option(pool, offer, verdict, (verdict.score,), False)
    rated = Verdict(offer=offer.name, score=round(said.score[0]), cost=verdict.cost)
    return Option(pool, offer, rated, said.score, False, waits=True)
