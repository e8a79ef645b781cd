"""A seeded world around the real engine and broker: attempts end, messages are repeated, reordered and delayed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.place import invariants as broker_invariants
from econda_cloud.place.events import AttemptsReleased, Place, PlacementRequested, PoolsDeclared, Refuse
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.run import invariants as run_invariants
from econda_cloud.run.step import outstanding
from econda_cloud.schedule.history import broker_history, run_history
from econda_cloud.schedule.results import Results
from econda_cloud.wire.commands import (
    CancelAttempts,
    Dispatch,
    FinishRun,
    Keep,
    LookUp,
    Release,
    RequestPlacement,
    SetTimer,
)
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    Item,
    PlacementRefused,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.pools import Node, Offer, Pool

Work = Callable[[str, int, dict[str, Any]], AttemptSucceeded | AttemptFailed]

GIB = 1024**3


def small_pools(slots: int = 4) -> tuple[Pool, ...]:
    node = Node(cpu_milli=2_000, memory=4 * GIB)
    offer = Offer(name="fn", node=node, price=Price(per_gib_hour=60_000_000, per_request=200), cold_start_ms=200)
    gpu = Node(cpu_milli=8_000, memory=32 * GIB, gpu=1, gpu_kind="T4")
    spot = Offer(name="gpu.spot", node=gpu, price=Price(per_hour=158_000_000), spot=True, cold_start_ms=60_000)
    firm = Offer(name="gpu.firm", node=gpu, price=Price(per_hour=526_000_000), cold_start_ms=60_000)
    kinds = ("python", "shell", "environment")
    return (
        Pool(
            name="fn",
            driver="aws.lambda",
            offers=(offer,),
            slots=slots,
            cpu_milli=64_000,
            memory=64 * GIB,
            max_time_ms=900_000,
            chunk_max=20,
            kinds=kinds,
        ),
        Pool(
            name="gpu",
            driver="aws.batch",
            offers=(spot, firm),
            slots=2,
            cpu_milli=16_000,
            memory=64 * GIB,
            gpu=2,
            chunk_max=4,
            array=True,
            kinds=kinds,
        ),
    )


class World:
    """Runs one plan to its end; `started` are more members of its `RunStarted`. `chaos` is the chance that a message is repeated, delayed or its handler crashes."""

    def __init__(
        self,
        plan: Plan,
        work: Work,
        *,
        seed: int = 0,
        chaos: float = 0.0,
        params: dict[str, Any] | None = None,
        slots: int = 4,
        blobs: MemoryBlobs | None = None,
        **started: Any,
    ) -> None:
        self.plan, self.work, self.random, self.chaos = plan, work, random.Random(seed), chaos
        self.log = MemoryLog()
        self.run = run_history(self.log, lambda *_: plan, "r")
        self.broker = broker_history(self.log, "t")
        self.now = 1_000_000
        self.inbox: list[tuple[int, AnyEvent]] = []
        self.results = Results(blobs or MemoryBlobs())
        self.started: list[tuple[Item, str]] = []
        self.claimed: set[str] = set()
        self.finished: list[str] = []
        self.broker.take([PoolsDeclared(pools=small_pools(slots))], self.now)
        self.post(RunStarted(run="r", namespace="n", plan=plan.digest, params=params or {}, seed=seed, **started))

    def post(self, event: AnyEvent, delay: int = 0) -> None:
        self.inbox.append((self.now + delay, event))

    def until_done(self, most: int = 20_000) -> World:
        for _ in range(most):
            if not self.inbox:
                break
            self.turn()
        assert self.run.state is not None
        return self

    def turn(self) -> None:
        """Deliver one message, perhaps out of order, perhaps crashing midway (then it comes again)."""
        due = min(at for at, _ in self.inbox)
        self.now = max(self.now, due)
        ready = [i for i, (at, _) in enumerate(self.inbox) if at <= self.now]
        pick = self.random.choice(ready) if self.chaos else min(ready, key=lambda i: self.inbox[i][0])
        _, event = self.inbox.pop(pick)
        if self.random.random() < self.chaos:
            self.inbox.append((self.now + self.random.randrange(2_000), event))
        crash_after = self.random.randrange(6) if self.random.random() < self.chaos else 99
        if not self.handle(event, crash_after):
            self.inbox.append((self.now + 100, event))
            self.redelivered = True

    redelivered = False

    def handle(self, event: AnyEvent, crash_after: int) -> bool:
        """One scheduler invocation; False if it crashed after `crash_after` of its effects."""
        commands = list(self.run.take([event], self.now))
        if self.redelivered and self.run.state is not None:
            commands += outstanding(self.plan, self.run.state)
            self.redelivered = False
        effects = 0
        while commands:
            if effects >= crash_after:
                return False
            effects += 1
            commands += self.carry_out(commands.pop(0))
            self.check()
        return True

    def carry_out(self, command: Any) -> list[Any]:
        match command:
            case RequestPlacement(demand=demand, items=items, terms=terms):
                return self.tell_broker(PlacementRequested(run="r", demand=demand, items=items, terms=terms))
            case Release(items=items):
                return self.tell_broker(AttemptsReleased(run="r", items=items))
            case Place(placement=placement):
                return list(self.run.take([placement], self.now))
            case Refuse(items=items, message=message):
                return list(self.run.take([PlacementRefused(items=items, message=message)], self.now))
            case Dispatch(chunk=chunk, items=items):
                self.dispatch(chunk, items)
            case CancelAttempts(items=items):
                for instance, attempt in items:
                    self.post(AttemptFailed(instance=instance, attempt=attempt, failure="failed", message="cancelled"))
            case LookUp():
                assert self.run.state is not None
                answers = self.results.look_up(self.plan, self.run.state, [command])
                return list(self.run.take(answers, self.now)) if answers else []
            case Keep():
                assert self.run.state is not None
                self.results.keep(self.plan, self.run.state, [command])
            case SetTimer(at_ms=at):
                self.inbox.append((at, TimerFired()))
            case FinishRun(outcome=outcome):
                self.finished.append(outcome.state)
        return []

    def tell_broker(self, event: Any) -> list[Any]:
        commands = list(self.broker.take([event], self.now))
        broker_invariants.check(self.broker.state)
        return commands

    def dispatch(self, chunk: str, items: tuple[Item, ...]) -> None:
        if chunk in self.claimed:
            return
        self.claimed.add(chunk)
        for item in items:
            self.started.append((item, chunk))
            self.post(self.work(item[0], item[1], {}), delay=self.random.randrange(1, 500))

    def check(self) -> None:
        if self.run.state is not None:
            run_invariants.check(self.plan, self.run.state)


def succeed(outputs: dict[str, Any]) -> Work:
    def work(instance: str, attempt: int, args: dict[str, Any]) -> AttemptSucceeded:
        del args
        return AttemptSucceeded(instance=instance, attempt=attempt, outputs=outputs, started_ms=0, ended_ms=100)

    return work
