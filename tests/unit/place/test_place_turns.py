"""Whose turn it is when slots are few, and who is not looked at in vain."""

from __future__ import annotations

import pytest
from msgspec import structs

from econda_cloud.money.prices import Price
from econda_cloud.place import lending
from econda_cloud.wire.broker import PoolsDeclared
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import RunTold, Want
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.wire.terms import Terms
from tests.unit.place.lender import Lender, slots, want
from tests.unit.place.test_place_policies import pool

ONE = pool("one", 100, {}, slots=1)


def task(name: str, rank: int = 0, *, cpu: int = 1_000) -> Want:
    return want(Demand(task=name, kind="python", cpu_milli=cpu, memory=1 << 30), rank=rank)


class Broker(Lender):
    """A broker whose runs hold what was lent to them, and want the rest."""

    def __init__(self, *pools: Pool) -> None:
        super().__init__(*(pools or (ONE,)))
        self.wants: dict[str, dict[str, Want]] = {}
        self.about: dict[str, Terms] = {}
        self.now = 0

    def wish(self, run: str, *tasks: Want, priority: int = 0) -> RunTold:
        self.wants.setdefault(run, {}).update({each.demand.key: each for each in tasks})
        if priority:
            self.about[run] = Terms(priority=priority)
        held = {grant.demand: {grant.offer: grant.slots} for grant in (self.lent[run].grants if run in self.lent else ())}  # fmt: skip
        wants = [structs.replace(each, ready=each.ready - (key in held), held=held.get(key, {}))
                 for key, each in self.wants[run].items()]  # fmt: skip
        return self.told(run, *wants, terms=self.about.get(run))

    def tells(self, run: str, *tasks: Want, priority: int = 0) -> dict[str, GrantsSet]:
        self.now += 1
        return self.hear(self.wish(run, *tasks, priority=priority), now=self.now)

    def drained(self) -> list[tuple[str, str]]:
        """All that is lent, as (run, task), in the order in which it is lent as each slot becomes free."""
        order = []
        while held := [(run, line.demand) for run, each in self.state.runs.items() for line in each.lines.values() if line.lent]:  # fmt: skip
            [(run, key)] = held
            order.append((run, self.wants[run].pop(key).demand.task))
            self.lent.pop(run)
            self.tells(run)
        return order


def test_of_a_run_the_class_with_most_left_behind_it_goes_first():
    broker = Broker()
    broker.tells("r", task("now"))
    broker.tells("r", task("short", 10), task("long", 500), task("middle", 100))
    assert broker.drained() == [("r", "now"), ("r", "long"), ("r", "middle"), ("r", "short")]


def test_a_run_with_a_long_chain_takes_no_turn_of_another():
    broker = Broker(pool("two", 100, {}, slots=2))
    broker.tells("c", task("now"), task("as well"))
    broker.tells("a", task("x", 1))
    broker.tells("b", task("y", 999))
    broker.tells("a", task("z", 50))
    broker.hear(broker.told("c", over=True))
    held = [(run, broker.state.demands[line.demand].task) for run, each in broker.state.runs.items() for line in each.lines.values() if line.lent]  # fmt: skip
    assert held == [("a", "z"), ("b", "y")]


def test_who_has_waited_longest_goes_first_however_often_others_tell():
    broker = Broker()
    broker.tells("c", task("now"))
    for run in ("a", "b", "a", "b"):
        broker.tells(run, task("x"))
    assert broker.drained() == [("c", "now"), ("a", "x"), ("b", "x")]


def test_priority_goes_before_rank():
    broker = Broker()
    broker.tells("c", task("now"))
    broker.tells("a", task("x", 999))
    broker.tells("b", task("y", 1), priority=5)
    assert broker.drained() == [("c", "now"), ("b", "y"), ("a", "x")]


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """The tasks whose offers were looked at."""
    seen: list[str] = []
    right = lending.options

    def options(pools, asking, known, room, now):
        seen.append(asking.demand.task)
        return right(pools, asking, known, room, now)

    monkeypatch.setattr(lending, "options", options)
    return seen


def test_nobody_else_is_looked_at_when_somebody_tells_and_nothing_has_become_free(looks):
    broker = Broker()
    broker.tells("a", task("now"))
    broker.tells("b", task("x"))
    looks.clear()
    broker.tells("c", task("y"))
    assert looks == ["y"]


GPU_NODE = Node(cpu_milli=8_000, memory=64 << 30, gpu=1)
GPUS = Pool(name="gpu", driver="aws.batch", slots=1, cpu_milli=8_000, memory=64 << 30, gpu=1, array=True,
            offers=(Offer(name="gpu", node=GPU_NODE, price=Price(per_hour=10**9)),))  # fmt: skip
CPUS = pool("cpu", 1, {}, slots=500)
SHORT = Demand(task="short", kind="python", cpu_milli=1_000, memory=1 << 30, time_ms=1_000)


def train(number: int) -> Demand:
    return Demand(task=f"train {number}", kind="python", cpu_milli=1_000, memory=1 << 30, gpu=1, time_ms=3_600_000)


def crowded(runs: int, classes: int) -> Lender:
    """One run has the only GPU, and so many others wait for it, in so many classes; of other things there is plenty."""
    lender = Lender(GPUS, CPUS, proven=False)
    assert slots(lender.tell("first", want(train(0)))) == {"gpu": 1}
    lender.hear(*(lender.told(f"r{n}", want(train(n % classes))) for n in range(runs)))
    assert sum(map(len, lender.state.waiting.values())) == runs
    return lender


@pytest.mark.parametrize(("runs", "classes"), [(1_000, 1), (1_000, 20)])
def test_what_anybody_does_elsewhere_costs_the_same_however_many_wait_for_a_full_pool(looks, runs, classes):
    lender = crowded(runs, classes)
    looks.clear()
    for number in range(20):
        assert slots(lender.tell("x", want(SHORT, 3), now=number)) == {"cpu": 3}
        lender.tell("x", now=number)
    assert looks == ["short"] * 20


def test_when_a_slot_is_free_each_class_that_waits_is_looked_at_once_or_twice_and_not_each_run(looks):
    lender = crowded(1_000, 20)
    looks.clear()
    answers = lender.hear(lender.told("first", over=True))
    assert [(run, slots(answer)) for run, answer in answers.items()] == [("r0", {"gpu": 1})]
    assert len(looks) <= 2 * 20
    assert len(lender.state.waiting[train(0).key]) == 49


def test_a_record_of_a_crowded_broker_holds_what_has_changed_and_nothing_else():
    lender = crowded(1_000, 20)
    lender.tell("x", want(SHORT, 3))
    [judged, lent, answer] = lender.entries[-1].decisions
    assert [type(each).__name__ for each in (judged, lent, answer)] == ["Judged", "Lend", "Answer"]
    lender.tell("y", want(SHORT, 3))
    assert [type(each).__name__ for each in lender.entries[-1].decisions] == ["Lend", "Answer"]


def test_what_no_pool_can_ever_take_is_refused_while_every_pool_is_full():
    broker = Broker()
    broker.tells("r", task("now"))
    answer = broker.tells("r", task("huge", cpu=64_000))["r"]
    assert [each.reasons for each in answer.unplaceable] == ["one: cpu 64 > 8"]


def test_new_pools_and_new_terms_are_news(looks):
    broker = Broker()
    broker.tells("a", task("now"))
    broker.tells("b", task("x"))
    looks.clear()
    broker.tells("b", task("x"), priority=3)
    assert looks == ["x"]
    answers = broker.hear(PoolsDeclared(pools=(pool("two", 100, {}, slots=2), ONE)))
    assert slots(answers["b"]) == {"two": 1}
