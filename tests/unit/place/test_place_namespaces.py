"""Pools that are kept for a namespace, and what others and its own attempts are told of them."""

from __future__ import annotations

from typing import Any

from econda_cloud.money.prices import Price
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.unit.place.lender import Lender, want

GIB = 1024**3


DEMAND = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_024)


def pool(name: str, slots: int, **more: Any) -> Pool:
    offer = Offer(name=f"{name}/vm", node=Node(cpu_milli=4_000, memory=16 * GIB), price=Price(per_hour=1_000_000_000))
    return Pool(name=name, driver="d", offers=(offer,), slots=slots, cpu_milli=10**6, memory=10**13, **more)


def team() -> Lender:
    return Lender(pool("all", 2, closed_to=("blue",)), pool("own", 3, namespaces=("blue",)))


def test_a_namespace_with_pools_of_its_own_is_lent_those_alone():
    lender = team()
    lender.tell("b", want(DEMAND, ready=9), namespace="blue")
    lender.tell("r", want(DEMAND, ready=9), namespace="red")
    assert (lender.slots("b"), lender.slots("r")) == ({"own/vm": 3}, {"all/vm": 2})


def test_what_is_full_for_the_one_is_not_full_for_the_other():
    lender = team()
    lender.tell("r", want(DEMAND, ready=9), namespace="red")
    lender.tell("s", want(DEMAND, ready=9), namespace="sand")
    assert lender.slots("s") == {}
    lender.tell("b", want(DEMAND, ready=1), namespace="blue")
    lender.tell("c", want(DEMAND, ready=9), namespace="blue")
    assert (lender.slots("b"), lender.slots("c")) == ({"own/vm": 1}, {"own/vm": 2})
    # Of those that wait, what becomes free goes to whom it is open.
    lender.tell("r", want(DEMAND, ready=0), namespace="red")
    assert (lender.slots("s"), lender.slots("c")) == ({"all/vm": 2}, {"own/vm": 2})


def test_each_is_told_why_the_other_pool_will_not_do():
    lender = team()
    told = {
        run: lender.tell(run, want(DEMAND, ready=1), namespace=namespace)
        for run, namespace in (("b", "blue"), ("r", "red"))
    }
    refused = {run: {v.offer: v.refused for g in answer.grants for v in g.verdicts} for run, answer in told.items()}
    assert refused == {
        "b": {"own/vm": "", "all/vm": "blue has its own"},
        "r": {"all/vm": "", "own/vm": "it is kept for blue"},
    }


def test_a_namespace_whose_own_pools_cannot_take_it_is_refused_for_good():
    lender = Lender(pool("all", 2, closed_to=("blue",)))
    [refused] = lender.tell("b", want(DEMAND, ready=1), namespace="blue").unplaceable
    assert refused.reasons == "all/vm: blue has its own"
