"""Whose turn it is when places are few, and who is not looked at in vain."""

from __future__ import annotations

import pytest

from econda_cloud.place import step as broker
from econda_cloud.place.events import AnyBrokerEvent, AttemptsReleased, Place, PlacementRequested, PoolsDeclared, Refuse
from econda_cloud.place.invariants import check
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Pool
from econda_cloud.wire.terms import Terms
from tests.unit.place.test_place_policies import pool

ONE = pool("one", 100, {}, slots=1)


def wants(run: str, task: str, rank: int = 0, *, cpu: int = 1_000, priority: int = 0) -> PlacementRequested:
    demand = Demand(task=task, kind="python", cpu_milli=cpu, memory=1 << 30)
    terms = Terms(priority=priority) if priority else None
    return PlacementRequested(run=run, demand=demand, items=((f"p/{task}", 1),), terms=terms, rank=rank)


class Broker:
    """A broker with these pools."""

    def __init__(self, *pools: Pool) -> None:
        self.state = BrokerState()
        self.tell(PoolsDeclared(pools=pools or (ONE,)))

    def tell(self, *events: AnyBrokerEvent) -> list[tuple[str, str]]:
        """The attempts that were placed, each as (run, task)."""
        self.state, commands = step(self.state, events, 0)
        check(self.state)
        return [
            (each.run, name.removeprefix("p/"))
            for each in commands
            if isinstance(each, Place)
            for name, _ in each.placement.items
        ]

    def drained(self) -> list[tuple[str, str]]:
        """All that waits, in the order in which it is placed as each place becomes free."""
        order = []
        while self.state.held:
            [held] = self.state.held.values()
            order += self.tell(AttemptsReleased(run=held.run, items=tuple(held.open)))
        return order


def test_of_a_run_the_attempt_with_most_left_behind_it_goes_first():
    broker = Broker()
    broker.tell(wants("r", "now"))
    broker.tell(wants("r", "short", 10), wants("r", "long", 500), wants("r", "middle", 100))
    assert broker.drained() == [("r", "long"), ("r", "middle"), ("r", "short")]


def test_a_run_with_a_long_chain_takes_no_turn_of_another():
    broker = Broker()
    broker.tell(wants("a", "now"))
    broker.tell(wants("a", "x", 1), wants("b", "y", 999), wants("a", "z", 50))
    assert broker.drained() == [("a", "z"), ("b", "y"), ("a", "x")]


def test_priority_goes_before_rank():
    broker = Broker()
    broker.tell(wants("a", "now"))
    broker.tell(wants("a", "x", 999), wants("b", "y", 1, priority=5))
    assert broker.drained() == [("b", "y"), ("a", "x")]


def test_alike_attempts_have_the_rank_of_the_greatest():
    broker = Broker()
    broker.tell(wants("r", "now"))
    broker.tell(wants("r", "x", 1), wants("r", "y", 50))
    broker.tell(PlacementRequested(run="r", demand=wants("r", "x").demand, items=(("p/x2", 1),), rank=80))
    assert next(task for _, task in broker.drained()) == "x"


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """The tasks whose offers were looked at."""
    seen: list[str] = []
    right = broker.options

    def options(state, waiting, room, now):
        seen.append(waiting.demand.task)
        return right(state, waiting, room, now)

    monkeypatch.setattr(broker, "options", options)
    return seen


def test_nobody_is_looked_at_again_while_every_pool_is_full(looks):
    world = Broker()
    world.tell(wants("r", "now"))
    world.tell(wants("r", "x"))
    looks.clear()
    world.tell(wants("r", "y"))
    assert looks == ["y"]
    looks.clear()
    assert world.tell(AttemptsReleased(run="r", items=(("p/now", 1),))) == [("r", "x")]


def test_what_no_pool_can_ever_take_is_refused_while_every_pool_is_full():
    world = Broker()
    world.tell(wants("r", "now"))
    world.state, commands = step(world.state, [wants("r", "huge", cpu=64_000)], 0)
    assert any(isinstance(each, Refuse) for each in commands)


def test_new_pools_and_new_terms_are_news(looks):
    world = Broker()
    world.tell(wants("r", "now"))
    world.tell(wants("r", "x"))
    looks.clear()
    world.tell(wants("r", "x", priority=3))
    assert looks == ["x"]
    assert world.tell(PoolsDeclared(pools=(pool("two", 100, {}, slots=2), ONE))) == [("r", "x")]
