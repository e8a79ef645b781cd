"""What no pool can ever take is told with all reasons, each time it is asked for, and is no more once a pool has come."""

from __future__ import annotations

from econda_cloud.wire.broker import PoolsDeclared
from econda_cloud.wire.demand import Demand
from tests.unit.place.lender import Lender, slots, want
from tests.unit.place.test_place_arrays import DEMAND, pool

HUGE = want(Demand(kind="python", cpu_milli=64_000, memory=1 << 30), 3)


def test_what_no_pool_can_take_is_told_with_the_reasons():
    lender = Lender(pool())
    answer = lender.tell("r", HUGE, want(DEMAND))
    [refused] = answer.unplaceable
    assert (refused.demand, refused.reasons) == (HUGE.demand.key, "o: cpu 64 > 4")
    assert slots(answer) == {"o": 1}, "what else the run wants is lent all the same"
    again = lender.tell("r", HUGE)
    assert [each.demand for each in again.unplaceable] == [HUGE.demand.key]
    assert lender.tell("r", want(DEMAND)).unplaceable == ()


def test_a_refusal_whose_answer_was_lost_is_told_when_the_run_asks_anew():
    lender = Lender(pool())
    told = lender.told("r", HUGE)
    assert lender.hear(told)["r"].unplaceable
    # The repeated word is answered with neither a slot nor the hope of one, so the run tells again.
    again = lender.hear(told)["r"]
    assert (again.grants, again.open) == ((), ())
    assert lender.tell("r", HUGE).unplaceable


def test_what_was_refused_can_be_placed_when_pools_have_come():
    lender = Lender()
    assert [each.reasons for each in lender.tell("r", want(DEMAND, 2)).unplaceable] == ["no pool is declared"]
    lender.hear(PoolsDeclared(pools=(pool(),)))
    answer = lender.tell("r", want(DEMAND, 2))
    assert (slots(answer), answer.unplaceable) == ({"o": 2}, ())
