"""The real scheduler on in-memory twins, killed before each of its effects in turn; redelivery finishes the run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from econda_edsl.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.run.state import RunState
from econda_cloud.schedule.history import run_history
from econda_cloud.schedule.scheduler import Scheduler, UnknownRun
from econda_cloud.wire.commands import CancelAttempts, Dispatch
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded, ChunkDispatched, RunStarted, TimerFired
from econda_cloud.wire.pools import Node, Offer, Pool

GIB = 1024**3
SOURCE = """edsl 1

task one(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p(n: Int = 5) -> (total: Int):
    many = foreach x in range(n) up to 9:
        a = one(x)
        b = one(a.y)
        gather b.y
    c = one(sum(many.done))
    return total = c.y
"""


class Killed(BaseException):
    """As a process that is gone: nothing may catch it."""


class World:
    """A scheduler's effects: attempts end when asked for, and any effect may be the last of its scheduler."""

    def __init__(self, plan: Plan, killed_at: int) -> None:
        self.plan, self.killed_at, self.effects = plan, killed_at, 0
        self.log, self.blobs = _KillingLog(self), MemoryBlobs()
        self.inbox: list[tuple[str, AnyEvent]] = []
        self.claimed: set[str] = set()
        self.finals: list[str] = []

    def effect(self) -> None:
        self.effects += 1
        if self.effects == self.killed_at:
            raise Killed

    def scheduler(self) -> Scheduler:
        made = Scheduler(self.log, "t", lambda *_: self.plan, self, self.blobs)
        made.declare((_pool(),), 0)
        return made

    def dispatch(self, plan: Plan, state: RunState, commands: Sequence[Dispatch]) -> Sequence[AnyEvent]:
        assert plan is self.plan
        known = []
        for command in commands:
            self.effect()
            known.append(ChunkDispatched(chunk=command.chunk, handle="h"))
            if command.chunk in self.claimed:
                continue
            self.claimed.add(command.chunk)
            for instance, attempt in command.items:
                done = AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=9)
                self.inbox.append((state.run, done))
        return known

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        del state, commands
        raise AssertionError("nothing is cancelled here")

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del run, at_ms, now
        self.effect()

    def finished(self, state: RunState, seq: int) -> None:
        assert seq > 0
        self.effect()
        assert state.outcome is not None
        self.finals.append(state.outcome.state)


class _KillingLog(MemoryLog):
    """A log whose appends are effects too: the scheduler may die before one."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def append(self, name: str, expected: int, record: bytes) -> int:
        self._world.effect()
        return super().append(name, expected, record)


def _pool() -> Pool:
    offer = Offer(name="o", node=Node(cpu_milli=1_000, memory=GIB), price=Price())
    return Pool(name="p", driver="aws.lambda", offers=(offer,), slots=2, cpu_milli=9_000, memory=9 * GIB, chunk_max=2)


def plan() -> Plan:
    compiled = compile_source(SOURCE)
    assert compiled.plan is not None, compiled.render()
    return compiled.plan


def run_to_the_end(world: World, runs: Sequence[str]) -> Scheduler:
    """Deliver messages one by one; a message whose scheduler died is delivered again, to a new one."""
    for run in runs:
        world.inbox.append((run, RunStarted(run=run, namespace="n", plan=world.plan.digest, params={"n": 5}, seed=1)))
    scheduler: Scheduler | None = None
    again = False
    for now in itertools.count(1):
        if not world.inbox:
            break
        assert now < 10_000
        run, event = world.inbox[0]
        try:
            scheduler = scheduler or world.scheduler()
            scheduler.take(run, [event], now)
            if again:
                scheduler.repeat(run, now)
        except Killed:
            scheduler, again = None, True
            continue
        world.inbox.pop(0)
        again = False
    assert scheduler is not None
    return scheduler


def effects_of_an_undisturbed_run() -> int:
    world = World(plan(), 0)
    run_to_the_end(world, ["a", "b"])
    return world.effects


@pytest.mark.parametrize("killed_at", range(1, effects_of_an_undisturbed_run() + 1))
def test_runs_end_wherever_the_scheduler_is_killed(killed_at):
    world = World(plan(), killed_at)
    scheduler = run_to_the_end(world, ["a", "b"])
    for run in ("a", "b"):
        state = scheduler.state(run)
        assert state is not None
        assert state.outcome is not None, f"{run} was never finished"
        assert state.outcome.state == "succeeded"
        assert state.counts.succeeded == 11
    assert not scheduler._broker.state.held
    assert world.finals.count("succeeded") >= 2


def test_events_of_an_unknown_run_are_refused_and_leave_nothing():
    world = World(plan(), 0)
    with pytest.raises(UnknownRun, match="ghost"):
        world.scheduler().take("ghost", [TimerFired()], 1)
    assert world.log.names("run/") == []


def test_a_cold_reader_starts_from_the_snapshot_and_comes_to_the_same_state():
    world = World(plan(), 0)
    blobs = MemoryBlobs()
    history = run_history(world.log, lambda *_: world.plan, "a", blobs, every=2)
    start = RunStarted(run="a", namespace="n", plan=world.plan.digest, params={"n": 5}, seed=1)
    history.take([start], 1)
    for now in range(2, 7):
        history.take([TimerFired()], now)
    assert blobs.exists("snapshots/run/a")
    reads: list[int] = []

    class Counting(MemoryLog):
        def read(self, name: str, after: int = 0) -> list[bytes]:
            reads.append(after)
            return world.log.read(name, after)

    cold = run_history(Counting(), lambda *_: world.plan, "a", blobs)
    assert cold.refresh() == history.state
    assert reads == [6]
    blobs.put("snapshots/run/a", b"damaged")
    damaged = run_history(Counting(), lambda *_: world.plan, "a", blobs)
    assert damaged.refresh() == history.state
