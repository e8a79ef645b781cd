"""A seeded world around the real engine and broker: attempts end, messages are repeated, reordered and delayed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.place import invariants as broker_invariants
from econda_cloud.place.advance import pending as pending_of_broker
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.run import invariants as run_invariants
from econda_cloud.run.pending import pending
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.schedule.results import Results
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.broker import AnyBrokerEvent, PoolsDeclared
from econda_cloud.wire.commands import (
    AnyCommand,
    CancelAttempts,
    Dispatch,
    FinishRun,
    Keep,
    LookAfter,
    LookUp,
    SetTimer,
    TellBroker,
)
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    ChunkSeen,
    Item,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.grants import RunTold
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
        self.run = RunHistory(self.log, lambda *_: plan, "r")
        self.broker = broker_history(self.log, "t")
        self.now = 1_000_000
        self.inbox: list[tuple[int, AnyEvent | RunTold]] = []
        self.results = Results(blobs or MemoryBlobs())
        self.started: list[tuple[Item, str]] = []
        self.claimed: set[str] = set()
        self.finished: list[str] = []
        self.redelivered: set[str] = set()
        self.effects = 0
        self.tell_broker(PoolsDeclared(pools=small_pools(slots)), 99)
        self.post(RunStarted(run="r", namespace="n", plan=plan.digest, params=params or {}, seed=seed, **started))

    def post(self, event: AnyEvent | RunTold, delay: int = 0) -> None:
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
        take = self.tell_broker if isinstance(event, RunTold) else self.tell_run
        if not take(event, crash_after):  # type: ignore[arg-type]
            self.inbox.append((self.now + 100, event))

    def tell_run(self, event: AnyEvent, crash_after: int) -> bool:
        """One invocation of a scheduler; False if it crashed after `crash_after` of its effects.

        Whoever comes after a crash is told that a message comes again, and knows no more than what the log says.
        """
        history = self.run
        state = history.refresh()
        if state is not None:
            history.done = state.carried if "run" in self.redelivered else history.seq
        self.redelivered.discard("run")
        done, event_or_answers = history.done, [event]
        while event_or_answers:
            history.take(event_or_answers, self.now)
            self.check()
            event_or_answers = []
            for command in pending(history.state, done) if history.state is not None else ():
                if crash_after <= 0:
                    self.redelivered.add("run")
                    return False
                crash_after -= 1
                event_or_answers += self.carry_out(command)
            done = history.done = history.seq
        return True

    def carry_out(self, command: AnyCommand) -> list[AnyEvent]:
        """Answers that come at once."""
        state = self.run.state
        assert state is not None
        match command:
            case TellBroker(told=told):
                self.post(told)
            case Dispatch(chunk=chunk, items=items):
                self.dispatch(chunk, items)
            case CancelAttempts(items=items):
                for instance, attempt in items:
                    self.post(AttemptFailed(instance=instance, attempt=attempt, failure="failed", message="cancelled"))
            case LookAfter(chunk=chunk):
                if chunk in self.claimed:
                    return [ChunkSeen(chunk=chunk, until_ms=self.now + 600_000)]
            case LookUp():
                return self.results.look_up(self.plan, state, [command])
            case Keep():
                self.results.keep(self.plan, state, [command])
            case SetTimer(at_ms=at):
                self.inbox.append((at, TimerFired()))
            case FinishRun(outcome=outcome):
                self.finished.append(outcome.state)
        return []

    def tell_broker(self, event: AnyBrokerEvent, crash_after: int) -> bool:
        """One invocation of the broker; False if it crashed before it had answered."""
        history = self.broker
        state = history.refresh()
        history.done = state.carried if "broker" in self.redelivered else history.seq
        self.redelivered.discard("broker")
        history.take([event], self.now)
        broker_invariants.check(history.state)
        broker_invariants.within_limits(history.state)
        answers, _ = pending_of_broker(history.state, history.done)
        if crash_after <= 0:
            self.redelivered.add("broker")
            return False
        for answer in answers.values():
            self.post(answer)
        history.done = history.seq
        return True

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
