"""Who ran an attempt goes on with what it made ready: when it may, what it logs, and what becomes of its place."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from econda_cloud.place.events import AttemptsReleased, Place, PlacementRequested, PoolsDeclared
from econda_cloud.run.outbox import unwanted
from econda_edsl.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.record.instances import instances_of
from econda_cloud.run import invariants
from econda_cloud.schedule.eager import SHOW_MS, Course, Tenure, may_lead_on
from econda_cloud.schedule.history import broker_history, run_history
from econda_cloud.schedule.status import StatusBoard
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch, Release, RequestPlacement
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    CancelRequested,
    ChunkDispatched,
    ChunkLost,
    RunStarted,
    TimerFired,
    decode_entry,
)
from tests.simulation.world import small_pools

POOL = small_pools()[0]
NOW = 1_000_000

TASK = """
task add(x: Int) -> (y: Int):
    run python:
        y = x + 1
"""


def chain(steps: str, tasks: str = TASK, settings: str = "") -> Plan:
    lines = "\n".join(f"    {line}" for line in steps.strip().splitlines())
    compiled = compile_source(f"edsl 1\n{tasks}\npipeline p() -> (y: Int):\n{settings}{lines}\n")
    assert compiled.plan is not None, compiled.render(color=False)
    return compiled.plan


THREE = chain("a = add(x = 1)\nb = add(x = a.y)\nc = add(x = b.y)\nreturn y = c.y")


class Running:
    """A run whose first attempt has been placed and dispatched, and the worker that has just run it."""

    def __init__(self, plan: Plan, *, ends_ms: int | None = None) -> None:
        self.plan, self.log, self.blobs = plan, MemoryLog(), MemoryBlobs()
        self.broker = broker_history(self.log, "t")
        self.broker.take([PoolsDeclared(pools=(POOL,))], NOW)
        self.run = run_history(self.log, lambda *_: plan, "r")
        start = RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1)
        self.placed = self.place(self.run.take([start], NOW))
        self.dispatches = self.run.take([self.placed], NOW)
        self.run.take([ChunkDispatched(chunk=self.placed.chunk, handle="fn-1")], NOW)
        place = Tenure(POOL, self.placed.chunk, NOW + POOL.chunk_ms, ends_ms)
        self.course = Course(run_history(self.log, lambda *_: plan, "r"), lambda: plan, place, StatusBoard(self.blobs))

    def place(self, commands: Any) -> AttemptsPlaced:
        for command in commands:
            match command:
                case RequestPlacement(demand=demand, items=items, terms=terms):
                    question = PlacementRequested(run="r", demand=demand, items=items, terms=terms)
                    answers = self.broker.take([question], NOW)
                    *others, first = [each.placement for each in reversed(answers) if isinstance(each, Place)]
                    if others:
                        self.run.take(others, NOW)
                    return first
                case Release(items=items):
                    self.broker.take([AttemptsReleased(run="r", items=items)], NOW)
        raise AssertionError(commands)

    def after(self, chunk: str, event: AnyEvent, now: int = NOW + 50) -> Chunk | None:
        return self.course.after(chunk, [event], now)

    def records(self) -> list[list[str]]:
        return [[type(e).__name__ for e in decode_entry(r).events] for r in self.log.read("run/r")]


def done(instance: str, y: int = 2, attempt: int = 1) -> AttemptSucceeded:
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": y}, started_ms=NOW, ended_ms=NOW + 50)


def test_a_chain_is_one_record_per_link():
    world = Running(THREE)
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    assert (second.id, second.items[0].instance, second.items[0].args) == (f"{world.placed.chunk}.1", "p/b", {"x": 2})
    third = world.after(second.id, done("p/b", 3))
    assert third is not None
    assert third.items[0].args == {"x": 3}
    assert world.records()[3:] == [["AttemptSucceeded", "AttemptsPlaced", "ChunkDispatched"]] * 2


def test_the_broker_keeps_the_place_until_the_last_link_has_ended():
    world = Running(THREE)
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    state = world.run.refresh()
    assert state is not None
    invariants.check(world.plan, state)
    [held] = world.broker.state.held.values()
    assert unwanted(world.plan, state, held.open) == []
    commands = world.run.take([done("p/b", 3)], NOW + 100)
    [release] = [command for command in commands if isinstance(command, Release)]
    world.broker.take([AttemptsReleased(run="r", items=release.items)], NOW + 100)
    assert not world.broker.state.held


def test_the_last_link_is_left_to_the_scheduler():
    world = Running(chain("a = add(x = 1)\nreturn y = a.y"))
    assert world.after(world.placed.chunk, done("p/a")) is None
    assert len(world.records()) == 3


ROUNDS = """
repeat up to 5:
    carry k: Int = 0
    a = add(x = k)
    next k = a.y
until a.y >= 3 else fail "never"
return y = k
"""


def test_rounds_of_a_repeat_are_a_chain_too():
    world = Running(chain(ROUNDS))
    second = world.after(world.placed.chunk, done("p/repeat[1]/a", 1))
    assert second is not None
    assert second.items[0].instance == "p/repeat[2]/a"


SETTINGS = {
    "two become ready": "a = add(x = 1)\nb = add(x = a.y)\nc = add(x = a.y)\nreturn y = b.y + c.y",
    "more memory": "a = add(x = 1)\nb = add(x = a.y) with memory = 3GiB\nreturn y = b.y",
    "longer than a chunk": "a = add(x = 1)\nb = add(x = a.y) with time = 10min\nreturn y = b.y",
}


@pytest.mark.parametrize("steps", SETTINGS.values(), ids=SETTINGS)
def test_what_the_place_will_not_do_for_goes_to_the_broker(steps):
    world = Running(chain(steps))
    assert world.after(world.placed.chunk, done("p/a")) is None
    assert len(world.records()) == 3


def test_under_a_policy_the_broker_decides():
    policy = "\npolicy cheap:\n    minimize offer.cost\n"
    plan = chain(
        "a = add(x = 1)\nb = add(x = a.y)\nreturn y = b.y", policy + TASK, "    with:\n        policy = cheap\n\n"
    )
    world = Running(plan)
    assert world.after(world.placed.chunk, done("p/a")) is None


def test_a_place_is_gone_on_in_for_the_time_of_a_chunk():
    world = Running(THREE)
    assert world.after(world.placed.chunk, done("p/a"), NOW + POOL.chunk_ms) is None


def test_a_task_with_more_time_than_the_place_has_left_goes_elsewhere():
    plan = chain("a = add(x = 1)\nb = add(x = a.y) with timeout = 10min\nreturn y = b.y")
    assert Running(plan, ends_ms=NOW + 900_000).after("r.1", done("p/a")) is not None
    assert Running(plan, ends_ms=NOW + 500_000).after("r.1", done("p/a")) is None


def test_a_failure_is_for_the_scheduler():
    world = Running(THREE)
    failed = AttemptFailed(instance="p/a", attempt=1, failure="failed", message="no")
    assert world.after(world.placed.chunk, failed) is None


def test_nothing_goes_on_in_a_run_that_was_cancelled_meanwhile():
    world = Running(THREE)
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    world.run.take([CancelRequested(by="ada")], NOW + 60)
    before = len(world.records())
    assert world.after(second.id, done("p/b", 3)) is None
    assert len(world.records()) == before


def test_the_schedulers_late_word_that_it_has_dispatched_is_no_hindrance():
    world = Running(THREE)
    world.course.history.refresh()
    world.run.take([ChunkDispatched(chunk=world.placed.chunk, handle="fn-1")], NOW + 10)
    assert world.after(world.placed.chunk, done("p/a")) is not None


def test_the_word_that_the_invocation_died_is_about_whatever_it_was_at():
    world = Running(THREE)
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    lost = ChunkLost(chunk=world.placed.chunk, failure="lost", message="the function ended")
    commands = world.run.take([lost], NOW + 200)
    assert any(isinstance(c, Release) and ("p/a", 1) in c.items for c in commands)
    state = world.run.state
    assert state is not None
    assert not state.chunks
    rows = instances_of(decode_entry(record) for record in world.log.read("run/r"))
    assert (rows["p/a"].state, rows["p/b"].state) == ("succeeded", "lost")


def leads_on(plan: Plan) -> bool:
    """Whether the first attempt of the run may."""
    world = Running(plan)
    [dispatch] = [each for each in world.dispatches if isinstance(each, Dispatch)]
    assert world.run.state is not None
    return may_lead_on(plan, world.run.state, dispatch.items)


def test_an_attempt_may_lead_on_if_something_waits_for_it_and_nothing_else_runs():
    assert leads_on(THREE)
    assert not leads_on(chain("a = add(x = 1)\nreturn y = a.y"))
    assert not leads_on(chain("a = add(x = 1)\nb = add(x = 2)\nc = add(x = a.y + b.y)\nreturn y = c.y"))


def test_an_eager_start_pays_for_no_request():
    world = Running(THREE)
    assert world.placed.price.per_request > 0
    assert world.after(world.placed.chunk, done("p/a")) is not None
    entry = decode_entry(world.log.read("run/r")[-1])
    [placed] = [event for event in entry.events if isinstance(event, AttemptsPlaced)]
    assert placed.price == msgspec.structs.replace(world.placed.price, per_request=0)
    assert [verdict.chosen for verdict in placed.verdicts] == [True]


def test_a_status_is_kept_up_to_date_on_the_way_but_not_for_each_link():
    world = Running(THREE)
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    key = "runs/n/r/status.json"
    assert not world.blobs.exists(key)
    world.course.show(NOW + SHOW_MS)
    assert json.loads(world.blobs.get(key))["counts"]["succeeded"] == 1


def test_a_status_that_cannot_be_written_harms_no_attempt(monkeypatch):
    world = Running(THREE)
    assert world.after(world.placed.chunk, done("p/a")) is not None
    tries: list[int] = []

    def refused(*_: object) -> str:
        tries.append(1)
        raise OSError("slow down")

    monkeypatch.setattr(world.blobs, "put_if", refused)
    world.course.show(NOW + SHOW_MS)
    assert tries


def test_the_lease_of_the_place_is_that_of_whatever_runs_there():
    world = Running(THREE)
    state = world.run.state
    assert state is not None
    until_ms = state.chunks[world.placed.chunk].until_ms
    second = world.after(world.placed.chunk, done("p/a"))
    assert second is not None
    state = world.run.refresh()
    assert state is not None
    assert (state.chunks[second.id].until_ms, len(state.timers)) == (until_ms, 1)
    world.run.take([TimerFired(at_ms=until_ms)], until_ms)
    assert world.run.state is not None
    assert not world.run.state.chunks
