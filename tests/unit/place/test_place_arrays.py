"""Arrays hold their reservation once per attempt, and attempts pay the share of a node that they reserve."""

from __future__ import annotations

import msgspec

from econda_cloud.money.prices import Price
from econda_cloud.place.events import AttemptsReleased, Place, PlacementRequested, PoolsDeclared
from econda_cloud.place.invariants import check
from econda_cloud.place.score import price_for
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Node, Offer, Pool

GIB = 1024**3
NODE = Node(cpu_milli=4_000, memory=16 * GIB)
DEMAND = Demand(task="t", kind="python", cpu_milli=1_000, memory=2 * GIB)


def pool(**settings) -> Pool:
    offer = Offer(name="o", node=NODE, price=Price(per_hour=192_000_000))
    return Pool(name="p", driver="aws.batch", offers=(offer,), slots=10, cpu_milli=4_000, memory=64 * GIB, **settings)


def ask(state: BrokerState, count: int):
    items = tuple((f"p/t[{i}]", 1) for i in range(count))
    return step(state, [PlacementRequested(run="r", demand=DEMAND, items=items)], 0)


def test_an_array_takes_as_many_attempts_as_have_room_and_frees_them_one_by_one():
    state, _ = step(BrokerState(), [PoolsDeclared(pools=(pool(array=True, chunk_max=100),))], 0)
    state, commands = ask(state, 6)
    (place,) = commands
    assert isinstance(place, Place)
    assert len(place.placement.items) == 4
    check(state)
    state, commands = step(state, [AttemptsReleased(run="r", items=place.placement.items[:1])], 0)
    (more,) = commands
    assert isinstance(more, Place)
    assert len(more.placement.items) == 1
    check(state)


def test_a_sequence_holds_its_reservation_once():
    state, _ = step(BrokerState(), [PoolsDeclared(pools=(pool(chunk_max=100),))], 0)
    state, commands = ask(state, 12)
    assert [len(c.placement.items) for c in commands if isinstance(c, Place)] == [3, 3, 3, 3]
    check(state)


def test_tiny_attempts_stay_together_though_there_are_free_slots():
    slow_start = Offer(name="o", node=NODE, price=Price(), cold_start_ms=500)
    state, _ = step(
        BrokerState(), [PoolsDeclared(pools=(msgspec.structs.replace(pool(chunk_max=100), offers=(slow_start,)),))], 0
    )
    tiny = Demand(task="t", kind="python", cpu_milli=100, memory=GIB, time_ms=20)
    items = tuple((f"p/t[{i}]", 1) for i in range(120))
    state, commands = step(state, [PlacementRequested(run="r", demand=tiny, items=items)], 0)
    assert [len(c.placement.items) for c in commands if isinstance(c, Place)] == [50, 50, 20]


def test_an_attempt_pays_its_largest_share_of_a_node_or_the_whole_of_it():
    offer = pool().offers[0]
    assert price_for(DEMAND, offer).per_hour == 48_000_000
    whole = Offer(name="o", node=NODE, price=offer.price, whole=True)
    assert price_for(DEMAND, whole).per_hour == 192_000_000


def test_a_slow_or_dear_pool_is_not_taken_while_the_best_one_is_soon_free_again():
    quick = Pool(
        name="quick", driver="aws.lambda", slots=2, cpu_milli=99_000, memory=99 * GIB, chunk_max=5, chunk_ms=10_000,
        offers=(Offer(name="quick", node=NODE, price=Price(per_hour=100_000_000), cold_start_ms=100),),
    )  # fmt: skip
    slow = Offer(name="slow", node=NODE, price=Price(per_hour=50_000_000), cold_start_ms=120_000)
    batch = Pool(name="slow", driver="aws.batch", offers=(slow,), slots=9, cpu_milli=99_000, memory=99 * GIB)
    short = Demand(task="t", kind="python", cpu_milli=1_000, memory=GIB, time_ms=2_000)
    long = Demand(task="u", kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_800_000)
    for demand, pools in ((short, ["quick", "quick"]), (long, ["quick", "quick", *["slow"] * 9])):
        state, _ = step(BrokerState(), [PoolsDeclared(pools=(quick, batch))], 0)
        items = tuple((f"p/t[{i}]", 1) for i in range(20))
        state, commands = step(state, [PlacementRequested(run="r", demand=demand, items=items)], 0)
        assert [c.placement.pool for c in commands if isinstance(c, Place)] == pools
        check(state)
