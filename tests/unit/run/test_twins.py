"""Equal calls of one run whose results are kept: one is tried, the others take what it gives, or are tried if it fails."""

from __future__ import annotations

from typing import Any

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.record.instances import instances_of
from econda_cloud.wire.entries import Joined, decode_entry
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, CancelRequested, ResultsMissing
from tests.play import Play
from tests.simulation.world import World

TASKS = """edsl 1

task fit(x: Int) -> (y: Int):
    cache = inputs
    run python:
        y = x

task other(x: Int) -> (y: Int):
    run python:
        y = x

"""
THREE = (
    TASKS
    + """pipeline p() -> (r: Int):
    a = fit(1)
    b = fit(1)
    c = fit(2)
    d = other(1)
    e = other(1)
    f = fit(a.y) after b
    return r = a.y + b.y + c.y + d.y + e.y + f.y
"""
)
WIDE = (
    TASKS
    + """pipeline p(n: Int = 30) -> (r: Int):
    f = foreach i in 1..n up to 90 with tolerate = 50%:
        a = fit(if_even(i))
        gather a.y
    return r = sum(f.done)
""".replace("if_even(i)", "1 if i < 20 else 2")
)


def plan_of(source: str) -> Plan:
    compiled = compile_source(source)
    assert compiled.plan is not None, compiled.render(color=False)
    return compiled.plan


def work(instance: str, attempt: int, args: dict[str, Any]) -> AttemptSucceeded:
    del args
    outputs = {"y": 2 if instance in ("p/c", "p/f[19]/a") else 1}
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs=outputs, started_ms=0, ended_ms=10)


def failing(*instances: str):
    def worked(instance: str, attempt: int, args: dict[str, Any]) -> AttemptSucceeded | AttemptFailed:
        if instance in instances:
            return AttemptFailed(
                instance=instance, attempt=attempt, failure="failed", message="no", started_ms=0, ended_ms=10
            )
        return work(instance, attempt, args)

    return worked


def ran(world: World) -> list[str]:
    return sorted(item[0] for item, _ in world.started)


def state(world: World):
    assert world.run.state is not None
    assert world.run.state.outcome is not None
    assert not world.run.state.leading
    assert not world.run.state.leads
    return world.run.state


def test_equal_calls_are_tried_once() -> None:
    world = World(plan_of(THREE), work).until_done()
    assert ran(world) == ["p/a", "p/c", "p/d", "p/e"]
    assert state(world).outcome.outputs == {"r": 7}
    assert (state(world).counts.succeeded, state(world).counts.reused) == (6, 2)
    entries = [decode_entry(record) for record in world.log.read("run/r")]
    joined = [each for entry in entries for each in entry.decisions if isinstance(each, Joined) and each.leader]
    assert joined == [Joined("p/b", "p/a")]
    rows = instances_of(entries)
    last = rows["p/b"].attempts[-1]
    assert (last.state, last.message, last.cost, rows["p/b"].outputs) == ("reused", "from p/a", 0, {"y": 1})


def test_a_fan_of_equal_calls_costs_one_attempt_each() -> None:
    world = World(plan_of(WIDE), work, params={"n": 30}).until_done()
    assert len(world.started) == 2
    assert state(world).outcome.outputs == {"r": 19 + 22}
    assert state(world).counts.reused == 28


def test_where_the_first_one_fails_the_next_is_tried() -> None:
    source = (
        TASKS
        + """pipeline p() -> (r: Int):
    f = foreach i in 1..3 with tolerate = 50%:
        a = fit(1)
        gather a.y
    return r = sum(f.done)
"""
    )
    world = World(plan_of(source), failing("p/f[0]/a")).until_done()
    assert ran(world) == ["p/f[0]/a", "p/f[1]/a"]
    assert (state(world).outcome.state, state(world).outcome.outputs) == ("succeeded", {"r": 2})


def test_the_failure_of_all_is_the_failure_of_the_run() -> None:
    world = World(plan_of(THREE), failing("p/a")).until_done()
    assert state(world).outcome.state == "failed"
    assert "p/a" in state(world).outcome.error


def test_one_that_is_stopped_leaves_its_place_to_the_next() -> None:
    source = (
        TASKS
        + """pipeline p() -> (r: Int):
    f = foreach i in 1..2 with tolerate = 50%:
        a = fit(7)
        b = other(i)
        gather a.y + b.y
    return r = sum(f.done)
"""
    )
    play = Play(plan_of(source))
    play.hear(ResultsMissing(items=(("p/f[0]/a", 1), ("p/f[1]/a", 1)), reason="new"))
    assert play.run.leading["p/f[0]/a"].waiting == [("p/f[1]/a", 1)]
    # An answer that comes again changes nothing.
    play.hear(ResultsMissing(items=(("p/f[1]/a", 1),), reason="new"))
    assert "p/f[1]/a" not in play.asked
    # The member of the first one fails, and what else there is in it is stopped.
    play.fail("p/f[0]/b")
    assert list(play.run.leading) == ["p/f[1]/a"]
    play.succeed("p/f[1]/a", y=7)
    play.succeed("p/f[1]/b", y=2)
    assert play.run.outcome is None or play.run.outcome.outputs == {"r": 9}


def test_a_cancelled_run_waits_for_none_of_them() -> None:
    play = Play(plan_of(THREE))
    play.hear(ResultsMissing(items=(("p/a", 1), ("p/b", 1)), reason="new"))
    play.hear(CancelRequested(reason="enough"))
    assert (play.run.leading, play.run.leads) == ({}, {})


@pytest.mark.parametrize("source", [THREE, WIDE])
def test_a_second_run_finds_all_results(source: str) -> None:
    blobs = MemoryBlobs()
    World(plan_of(source), work, blobs=blobs).until_done()
    again = World(plan_of(source), work, blobs=blobs).until_done()
    assert [name for name in ran(again) if "other" not in name and name not in ("p/d", "p/e")] == []
