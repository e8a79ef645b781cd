"""What runs tell, in any order and any number of times: the newest word counts, and it counts once."""

from __future__ import annotations

import msgspec
import pytest

from econda_cloud.money.prices import Price
from econda_cloud.place.state import encode_state
from econda_cloud.wire.broker import PoolsDeclared, Recalled
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.unit.place.lender import Lender, only, slots, want

GIB = 1024**3
HOUR = 3_600_000
DEMAND = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=HOUR)
NODE = Node(cpu_milli=8_000, memory=32 * GIB)


def pool(number: int = 4, price: int = 1_000_000_000, name: str = "o") -> Pool:
    """An attempt has a node to itself, for a dollar an hour."""
    offer = Offer(name=name, node=NODE, price=Price(per_hour=price), whole=True)
    return Pool(name=name, driver="aws.batch", offers=(offer,), slots=number, cpu_milli=10**9, memory=10**15, array=True, chunk_max=50)  # fmt: skip


def without_numbers(answer: GrantsSet) -> GrantsSet:
    return msgspec.structs.replace(answer, version=0)


def test_a_word_that_comes_again_changes_nothing_and_is_answered_again():
    lender = Lender(pool())
    told = lender.told("r", want(DEMAND, 3))
    first = lender.hear(told)["r"]
    used = msgspec.to_builtins(lender.state.used)
    again = lender.hear(told)["r"]
    assert again.version > first.version
    assert without_numbers(again) == without_numbers(first)
    assert msgspec.to_builtins(lender.state.used) == used


def test_a_word_that_comes_too_late_changes_nothing():
    lender = Lender(pool())
    old, new = lender.told("r", want(DEMAND, 4)), lender.told("r", want(DEMAND, 1, held={"o": 1}))
    lender.hear(new)
    before = without_numbers(lender.lent["r"])
    lender.hear(old)
    assert without_numbers(lender.lent["r"]) == before
    assert lender.lent["r"].told == new.version


def test_the_last_word_of_a_run_ends_all_it_had_and_an_older_one_brings_it_not_back():
    lender = Lender(pool())
    old = lender.told("r", want(DEMAND, 4))
    lender.hear(old)
    over = lender.told("r", over=True)
    assert lender.hear(over) == {}
    assert lender.state.used["o"].slots == 0
    assert lender.hear(over) == {}
    assert "r" not in lender.state.runs


def test_what_a_run_holds_is_what_is_lent_to_it():
    lender = Lender(pool())
    lender.tell("r", want(DEMAND, 4))
    # It has begun two and gives the others back.
    assert slots(lender.tell("r", want(DEMAND, 0, held={"o": 2}))) == {"o": 2}
    assert slots(lender.tell("s", want(DEMAND, 9))) == {"o": 2}


def test_what_is_held_of_an_offer_that_is_gone_is_kept_in_mind_until_it_ends():
    lender = Lender(pool(name="old"))
    lender.tell("r", want(DEMAND, 2))
    lender.hear(PoolsDeclared(pools=(pool(name="new"),)))
    answer = lender.tell("r", want(DEMAND, 1, held={"old": 2}))
    assert slots(answer) == {"new": 1}, "nothing begins any more on what is gone"
    assert slots(lender.tell("r", want(DEMAND, 0, held={"old": 1, "new": 1}))) == {"new": 1}
    lender.tell("r")
    assert lender.state.runs["r"].lines == {}


def test_what_nothing_can_take_any_more_is_refused_though_some_of_it_still_runs():
    """Nobody would ever say that those have ended: the run would wait for ever."""
    lender = Lender(pool(name="old"))
    lender.tell("r", want(DEMAND, 9))
    small = msgspec.structs.replace(pool(name="new").offers[0], node=Node(cpu_milli=1, memory=1))
    answers = lender.hear(PoolsDeclared(pools=(msgspec.structs.replace(pool(name="new"), offers=(small,)),)))
    [refused] = answers["r"].unplaceable
    assert (refused.demand, answers["r"].open) == (DEMAND.key, ())
    # Until pools come that can.
    lender.hear(PoolsDeclared(pools=(pool(name="newer"),)))
    assert slots(lender.tell("r", want(DEMAND, 2, held={"old": 4}))) == {"newer": 2}


def test_runs_of_which_prices_have_changed_are_told_at_once():
    lender = Lender(pool())
    lender.tell("r", want(DEMAND, 2))
    answers = lender.hear(PoolsDeclared(pools=(pool(price=3_000_000_000),)))
    assert only(answers["r"]).price.per_hour == 3_000_000_000
    assert only(answers["r"]).slots == 2


# Recalls ---------------------------------------------------------------------------------------------------------------


def test_what_is_recalled_is_given_back_as_it_ends_and_lent_to_others():
    lender = Lender(pool())
    lender.tell("r", want(DEMAND, 6))
    lender.tell("s", want(DEMAND, 6))
    assert (lender.slots("r"), lender.slots("s")) == ({"o": 4}, {})
    answer = lender.hear(Recalled(run="r", offer="o", slots=1))["r"]
    assert slots(answer) == {"o": 1}
    assert lender.state.used["o"].slots == 4, "they are in use until the run says otherwise"
    for held in (3, 2, 1):
        lender.tell("r", want(DEMAND, 2, held={"o": held}))
        assert lender.slots("r") == {"o": 1}
        assert lender.slots("s").get("o", 0) == 4 - held
    assert lender.lent["r"].open == (DEMAND.key,), "it would ask for more again and again"


def test_a_recall_of_more_than_is_lent_is_none():
    lender = Lender(pool())
    lender.tell("r", want(DEMAND, 2))
    assert lender.hear(Recalled(run="r", offer="o", slots=3)) == {}
    assert lender.hear(Recalled(run="nobody", offer="o", slots=0)) == {}


# Money -----------------------------------------------------------------------------------------------------------------

USD = 1_000_000_000


@pytest.mark.parametrize(
    ("budget", "spent", "lent"),
    [
        (None, 0, 8),
        (3 * USD, 0, 3),
        (3 * USD - 1, 0, 2),
        (3 * USD, 2 * USD, 1),
        (100 * USD, 0, 8),
        (9 * USD, 2 * USD, 7),
    ],
)
def test_a_run_holds_no_more_than_the_rest_of_its_budget_pays_for(budget, spent, lent):
    lender = Lender(pool(8))
    assert slots(lender.tell("r", want(DEMAND, 20), budget=budget, spent=spent)) == {"o": lent}


def test_who_has_no_money_left_keeps_nobody_else_from_what_there_is():
    lender = Lender(pool())
    lender.tell("first", want(DEMAND, 4))
    lender.tell("poor", want(DEMAND, 9), budget=USD)
    lender.tell("rich", want(DEMAND, 9))
    lender.hear(lender.told("first", over=True))
    assert (lender.slots("poor"), lender.slots("rich")) == ({"o": 1}, {"o": 3})


def test_one_slot_may_always_be_had_because_the_run_itself_says_when_its_money_is_gone():
    lender = Lender(pool(8))
    assert slots(lender.tell("r", want(DEMAND, 20), budget=USD // 100)) == {"o": 1}
    assert slots(lender.tell("r", want(DEMAND, 20, held={"o": 1}), budget=USD // 100)) == {"o": 1}


def test_what_is_reserved_for_one_class_is_no_more_there_for_another():
    lender = Lender(pool(8))
    other = msgspec.structs.replace(DEMAND, memory=2 * GIB)
    answer = lender.tell("r", want(DEMAND, 3), want(other, 9), budget=5 * USD + USD // 2)
    assert sum(grant.slots for grant in answer.grants) == 5
    assert lender.state.runs["r"].reserved <= 5 * USD + USD // 2


def test_what_has_ended_is_reserved_for_no_more():
    lender = Lender(pool(8))
    lender.tell("r", want(DEMAND, 9), budget=5 * USD)
    before = lender.state.runs["r"].reserved
    lender.tell("r", want(DEMAND, 0, held={"o": 1}), budget=5 * USD, spent=USD)
    assert 0 < lender.state.runs["r"].reserved <= before // 4


def test_the_same_words_make_the_same_broker():
    states = []
    for _ in range(2):
        lender = Lender(pool(), pool(2, name="p"))
        for run in ("a", "b", "c"):
            lender.tell(run, want(DEMAND, 3), budget=90 * USD)
        lender.hear(lender.told("b", over=True))
        states.append(encode_state(lender.state))
    assert states[0] == states[1]


def test_a_record_is_as_long_for_ten_thousand_attempts_as_for_one():
    """It tells classes, not attempts: a fan once cost a hundred bytes of the broker's log for each of its members."""

    def length(ready: int) -> int:
        lender = Lender(pool(50_000))
        lender.tell("r", want(DEMAND, ready=ready))
        return len(msgspec.json.encode(lender.entries[-1]))

    assert length(10_000) - length(1) <= 3 * len("10000")
