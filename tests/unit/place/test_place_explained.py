"""What a run is told of what it waits for: who refuses it, who is full, how full, and how many wait before it."""

from __future__ import annotations

import msgspec
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Policy

from econda_cloud.money.prices import Price
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import Fullness, Standing
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.wire.terms import Terms
from tests.unit.place.lender import Lender, want

GIB = 1024**3
HOUR = 3_600_000
SMALL = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=HOUR)
OTHER = msgspec.structs.replace(SMALL, memory=2 * GIB)
LARGE = msgspec.structs.replace(SMALL, cpu_milli=6_000)


def pool(name: str, slots: int, cores: int, price: int = 1_000_000_000) -> Pool:
    offer = Offer(name=name, node=Node(cpu_milli=cores * 1_000, memory=32 * GIB), price=Price(per_hour=price))
    return Pool(name=name, driver="aws.batch", offers=(offer,), slots=slots, cpu_milli=slots * cores * 1_000, memory=10**15,
                array=True, chunk_max=50)  # fmt: skip


def only(answer: GrantsSet) -> Standing:
    [found] = answer.waiting
    return found


def by_offer(standing: Standing) -> dict[str, Fullness]:
    return {each.offer: each for each in standing.offers}


def test_nothing_is_told_of_what_has_all_it_wants():
    assert Lender(pool("o", 4, 1)).tell("r", want(SMALL, 4)).waiting == ()


def test_a_full_pool_is_told_with_its_numbers_and_one_that_is_too_small_with_the_reason():
    lender = Lender(pool("o", 2, 8), pool("tiny", 9, 1))
    lender.tell("first", want(LARGE, 2))
    told = only(lender.tell("r", want(LARGE, 3)))
    found = by_offer(told)
    assert told.demand == LARGE.key
    assert (found["o"].slots, found["o"].free, found["o"].refused) == ((2, 2), 0, "")
    assert found["o"].cpu_milli == (12_000, 16_000)
    assert found["tiny"].refused == "cpu 6 > 1"
    assert found["tiny"].slots == (0, 0)


def test_what_waits_before_it_is_counted_over_all_runs_and_classes_of_the_pool():
    lender = Lender(pool("o", 2, 8))
    lender.tell("holds", want(SMALL, 2), now=1)
    assert by_offer(only(lender.tell("a", want(SMALL, 5), now=2)))["o"].ahead == 0
    assert by_offer(only(lender.tell("b", want(OTHER, 7), now=3)))["o"].ahead == 5
    assert by_offer(only(lender.tell("c", want(SMALL, 1), now=4)))["o"].ahead == 12
    urgent = Terms(priority=5)
    assert by_offer(only(lender.tell("d", want(SMALL, 1), now=5, terms=urgent)))["o"].ahead == 0


def test_a_policy_says_what_it_excludes():
    source = """edsl 1

policy near:
    forbid when pool.name == "far" because "data stays here"

task t() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    a = t()
    with:
        policy = near
    return y = a.y
"""
    compiled = compile_source(source)
    assert compiled.plan is not None, compiled.render(color=False)
    policy = compiled.plan.policy
    assert isinstance(policy, Policy)
    lender = Lender(pool("o", 1, 8), pool("far", 9, 8), policies={"d": policy})
    lender.tell("holds", want(SMALL, 1), now=1, terms=Terms(policy="d"))
    found = by_offer(only(lender.tell("r", want(SMALL, 2), now=2, terms=Terms(policy="d"))))
    assert "data stays here" in found["far"].refused
    assert (found["o"].free, found["o"].slots) == (0, (1, 1))


def test_what_is_left_of_a_budget_is_told():
    lender = Lender(pool("o", 9, 1))
    told = only(lender.tell("r", want(SMALL, 9), budget=2_500_000_000, spent=0))
    assert by_offer(told)["o"].free > 0
    assert told.left is not None
    assert 0 <= told.left < 1_000_000_000


def test_telling_it_changes_nothing_of_what_is_lent():
    """The broker's records have none of it."""
    lender = Lender(pool("o", 2, 8))
    lender.tell("r", want(SMALL, 5))
    assert b"ahead" not in msgspec.json.encode(lender.entries[-1])
    assert b"waiting" not in msgspec.json.encode(lender.entries[-1])
