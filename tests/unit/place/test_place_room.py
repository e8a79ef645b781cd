"""How much room there is: sums of the pool, and whole nodes, with what does not fit on them any more left out."""

from __future__ import annotations

import pytest

from econda_cloud.money.prices import Price
from econda_cloud.place.invariants import within_limits
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.unit.place.lender import Lender, slots, want

GIB = 1024**3
NODE = Node(cpu_milli=4_000, memory=16 * GIB, gpu=2)


def of(cpu: int, memory: int = 1, gpu: int = 0) -> Demand:
    return Demand(kind="python", cpu_milli=cpu, memory=memory * GIB, gpu=gpu)


def cluster(nodes: int | None = 3, **settings) -> Pool:
    """Three nodes of four cores, sixteen GiB and two GPUs; each attempt has its own reservation."""
    offer = Offer(name="o", node=NODE, price=Price(), nodes=nodes)
    return Pool(name="p", driver="aws.batch", offers=(offer,), slots=100, cpu_milli=12_000, memory=48 * GIB, gpu=6,
                array=True, chunk_max=100, **settings)  # fmt: skip


@pytest.mark.parametrize(
    ("demand", "room"),
    [
        (of(1_000), 12),
        (of(3_000), 3),  # A core of each node is left over, which is no room for a fourth.
        (of(1_000, memory=10), 3),
        (of(500, gpu=1), 6),
        (of(4_000, memory=16, gpu=2), 3),
    ],
)
def test_what_does_not_fit_on_a_node_is_no_room_however_much_of_it_there_is(demand, room):
    assert slots(Lender(cluster()).tell("r", want(demand, 50))) == {"o": room}


def test_without_nodes_only_the_sum_counts():
    assert slots(Lender(cluster(nodes=None)).tell("r", want(of(3_000), 50))) == {"o": 4}


def test_classes_share_no_nodes_so_that_never_too_much_is_lent():
    lender = Lender(cluster())
    assert slots(lender.tell("a", want(of(3_000), 1))) == {"o": 1}
    assert slots(lender.tell("b", want(of(1_000), 8))) == {"o": 8}
    assert slots(lender.tell("c", want(of(2_000), 50))) == {}
    # One node of `a` is free again.
    lender.tell("a")
    assert slots(lender.tell("c", want(of(2_000), 50))) == {"o": 2}
    within_limits(lender.state)


def test_cores_are_rounded_up_and_memory_has_what_the_worker_needs_as_the_pool_takes_them():
    assert slots(Lender(cluster(cpu_step_milli=1_000)).tell("r", want(of(100), 50))) == {"o": 12}
    assert slots(Lender(cluster()).tell("r", want(of(100), 100))) == {"o": 48}
    assert slots(Lender(cluster(memory_extra=GIB)).tell("r", want(of(100), 100))) == {"o": 24}
    lender = Lender(cluster(cpu_step_milli=1_000, memory_extra=GIB))
    lender.tell("r", want(of(1_500, memory=3), 2))
    assert (lender.state.used["p"].cpu_milli, lender.state.used["p"].memory) == (4_000, 8 * GIB)


def test_two_offers_of_a_pool_share_what_the_pool_has_in_all():
    offers = tuple(Offer(name=name, node=NODE, price=Price(per_hour=price)) for name, price in (("a", 1), ("b", 1)))
    pool = Pool(name="p", driver="aws.batch", offers=offers, slots=5, cpu_milli=10**6, memory=10**15, array=True, chunk_max=9)  # fmt: skip
    lender = Lender(pool)
    assert sum(slots(lender.tell("r", want(of(1_000), 20))).values()) == 5
    within_limits(lender.state)


def test_offers_that_share_cores_do_not_lend_them_twice():
    offers = tuple(Offer(name=name, node=NODE, price=Price(per_hour=1)) for name in ("a", "b", "c"))
    pool = Pool(name="p", driver="aws.batch", offers=offers, slots=50, cpu_milli=6_000, memory=10**15, array=True, chunk_max=9)  # fmt: skip
    lender = Lender(pool)
    assert sum(slots(lender.tell("r", want(of(2_000), 20))).values()) == 3
    within_limits(lender.state)
