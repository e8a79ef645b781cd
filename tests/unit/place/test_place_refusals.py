"""Refusals are kept until the run has taken note, so that a scheduler that died in between can be made good."""

from __future__ import annotations

from econda_cloud.place.events import AttemptsReleased, PlacementRequested, PoolsDeclared, Refuse
from econda_cloud.place.invariants import check
from econda_cloud.place.state import BrokerState
from econda_cloud.place.step import step
from tests.unit.place.test_place_arrays import DEMAND, pool

ITEMS = (("p/t[0]", 1), ("p/t[1]", 1))


def test_a_refusal_is_known_until_it_is_released():
    state, commands = step(BrokerState(), [PlacementRequested(run="r", demand=DEMAND, items=ITEMS)], 0)
    assert [type(each) for each in commands] == [Refuse]
    assert state.refused == {"r": dict(ITEMS)}
    check(state)
    state, commands = step(state, [PlacementRequested(run="r", demand=DEMAND, items=ITEMS)], 0)
    assert [type(each) for each in commands] == [Refuse], "a repeated request gets the same answer"
    state, _ = step(state, [AttemptsReleased(run="r", items=ITEMS[:1])], 0)
    assert state.refused == {"r": {"p/t[1]": 1}}
    state, _ = step(state, [AttemptsReleased(run="r", items=ITEMS[1:])], 0)
    assert state.refused == {}
    check(state)


def test_what_was_refused_can_be_placed_when_pools_have_come():
    state, _ = step(BrokerState(), [PlacementRequested(run="r", demand=DEMAND, items=ITEMS)], 0)
    state, _ = step(state, [PoolsDeclared(pools=(pool(),))], 0)
    state, commands = step(state, [PlacementRequested(run="r", demand=DEMAND, items=ITEMS)], 0)
    assert len(commands) == 2
    assert state.refused == {}
    check(state)
