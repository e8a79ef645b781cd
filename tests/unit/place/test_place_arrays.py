"""Slots of arrays are for one attempt each, those of sequences for many; attempts pay the share of a node they reserve."""

from __future__ import annotations

import msgspec

from econda_cloud.money.prices import Price
from econda_cloud.place.score import price_for
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.grants import chunk_size
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.unit.place.lender import Lender, only, slots, want

GIB = 1024**3
NODE = Node(cpu_milli=4_000, memory=16 * GIB)
DEMAND = Demand(kind="python", cpu_milli=1_000, memory=2 * GIB)


def pool(**settings) -> Pool:
    offer = Offer(name="o", node=NODE, price=Price(per_hour=192_000_000))
    return Pool(name="p", driver="aws.batch", offers=(offer,), slots=10, cpu_milli=4_000, memory=64 * GIB, **settings)


def test_an_array_takes_as_many_attempts_as_have_room_and_frees_them_one_by_one():
    lender = Lender(pool(array=True, chunk_max=100))
    answer = lender.tell("r", want(DEMAND, 6))
    assert (slots(answer), answer.open) == ({"o": 4}, (DEMAND.key,))
    assert slots(lender.tell("r", want(DEMAND, 2, held={"o": 3}))) == {"o": 4}
    assert lender.state.used["p"].cpu_milli == 4_000


def test_a_sequence_takes_a_slot_for_many():
    lender = Lender(pool(chunk_max=100))
    answer = lender.tell("r", want(DEMAND, 12))
    assert slots(answer) == {"o": 4}
    assert answer.open == (), "four chunks of three are all that there is"
    assert chunk_size(only(answer), 0, DEMAND, 12, 4, None) == 3


def test_tiny_attempts_stay_together_though_there_are_free_slots():
    slow_start = Offer(name="o", node=NODE, price=Price(), cold_start_ms=500)
    lender = Lender(msgspec.structs.replace(pool(chunk_max=100), offers=(slow_start,)))
    tiny = Demand(kind="python", cpu_milli=100, memory=GIB, time_ms=20)
    grant = only(lender.tell("r", want(tiny, 120)))
    assert grant.slots == 3
    assert chunk_size(grant, grant.cold_start_ms, tiny, 120, 3, None) == 50


def test_an_attempt_pays_its_largest_share_of_a_node_or_the_whole_of_it():
    offer = pool().offers[0]
    assert price_for(DEMAND, offer).per_hour == 48_000_000
    whole = Offer(name="o", node=NODE, price=offer.price, whole=True)
    assert price_for(DEMAND, whole).per_hour == 192_000_000
    assert only(Lender(pool()).tell("r", want(DEMAND))).price.per_hour == 48_000_000


def test_a_slow_or_dear_pool_is_not_taken_while_the_best_one_is_soon_free_again():
    quick = Pool(
        name="quick", driver="aws.lambda", slots=2, cpu_milli=99_000, memory=99 * GIB, chunk_max=5, chunk_ms=10_000,
        offers=(Offer(name="quick", node=NODE, price=Price(per_hour=100_000_000), cold_start_ms=100),),
    )  # fmt: skip
    slow = Offer(name="slow", node=NODE, price=Price(per_hour=50_000_000), cold_start_ms=120_000)
    batch = Pool(name="slow", driver="aws.batch", offers=(slow,), slots=9, cpu_milli=99_000, memory=99 * GIB)
    short = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=2_000)
    long = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_800_000)
    for demand, lent in ((short, {"quick": 2}), (long, {"quick": 2, "slow": 9})):
        assert slots(Lender(quick, batch).tell("r", want(demand, 20))) == lent
