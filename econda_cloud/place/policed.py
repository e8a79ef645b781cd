"""The policy of a run applied to an offer: what it excludes, for now or for ever, and how it rates the rest."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from econda_edsl.plan import Policy
from econda_edsl.plan.policies import Decision, Facts, decide, foresee

from econda_cloud.money.amounts import MS_PER_HOUR, NANOS_PER_MICRO
from econda_cloud.money.prices import attempt_cost
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Offer, Pool
from econda_cloud.wire.terms import Terms

_STEADY = {
    "task": ("name", "cpu", "memory", "disk", "gpu", "time", "checkpoint"),
    "offer": ("spot", "price", "name", "interruption", "cost"),
    "pool": ("name", "driver", "price", "spot", "cold_start", "labels", "nodes"),
    "pipeline": ("name", "tags", "deadline", "budget", "priority"),
}
"""What does not change while an attempt waits. Money spent only grows, but a guard may ask for either side of it."""


class Moment(NamedTuple):
    """What passes: times in ms, `cost` in nano-dollars, None if unknown; `free` and `length` are numbers of attempts."""

    now: int
    time_ms: int
    cost: int | None
    wait_ms: int
    waited_ms: int
    length: int
    free: int


def decision(
    policy: Policy, terms: Terms, demand: Demand, pool: Pool, offer: Offer, moment: Moment
) -> tuple[Decision, bool]:
    """What the policy says of an offer, and whether it excludes it for ever."""
    facts = _facts(terms, demand, pool, offer, moment)
    found = decide(policy, facts)
    if not found.refused:
        return found, False
    steady = {name: {k: facts[name][k] for k in attributes} for name, attributes in _STEADY.items()}
    return found, bool(foresee(policy, steady))


def _facts(terms: Terms, demand: Demand, pool: Pool, offer: Offer, moment: Moment) -> Facts:
    hourly = attempt_cost(msgspec.structs.replace(offer.price, per_request=0), MS_PER_HOUR, demand.memory)
    price = None if hourly is None else hourly // NANOS_PER_MICRO
    return {
        "task": {
            "name": demand.task,
            "cpu": demand.cpu_milli / 1000,
            "memory": demand.memory,
            "disk": demand.disk,
            "gpu": demand.gpu,
            "time": moment.time_ms,
            "checkpoint": 0 if demand.checkpoints else None,
        },
        "offer": {
            "name": offer.name,
            "cost": None if moment.cost is None else moment.cost // NANOS_PER_MICRO,
            "latency": offer.cold_start_ms + moment.wait_ms,
            "spot": offer.spot,
            "price": price,
            "interruption": offer.interruption,
        },
        "pool": {
            "name": pool.name,
            "driver": pool.driver,
            "price": price,
            "spot": any(each.spot for each in pool.offers),
            "cold_start": offer.cold_start_ms,
            "labels": pool.labels,
            "nodes": pool.slots,
            "free": moment.free,
        },
        "queue": {"wait": moment.waited_ms, "length": moment.length},
        "pipeline": terms.pipeline_facts(moment.now, moment.time_ms),
    }
