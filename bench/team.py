"""A whole team at once: 1,000 runs before 20 schedulers and one broker, in virtual time with the latencies of AWS.

    python -m bench.team [--json] [--runs 1000] [--schedulers 20]

The code is the deployed one (rounds, broker, effects); imagined are the services and the time that passes in them. What
the code uses of the processor is measured and charged to the invocation that used it. An event is one attempt's report in
a message of its own. Latencies are typical ones of the services, in ms; queues hand over ten messages at most, and of a
group nothing while something of it is in hand. (The local cloud runs one batch of such a queue at a time: that many
schedulers go side by side is seen here only.)
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter, OrderedDict
from functools import partial
from typing import Any, NamedTuple

import msgspec
from econda_adapters.aws.effects import AwsBrokerEffects, AwsEffects
from econda_adapters.aws.stack import FunctionTarget, Stack, TeamPools

from bench.shapes import plan_of
from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.money.prices import Price
from econda_cloud.place.advance import decide as broker_decide
from econda_cloud.place.lending import Facts
from econda_cloud.place.state import BrokerState
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Conflict, MemoryLog
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.schedule.broker_rounds import BrokerRounds, stored_policy
from econda_cloud.schedule.messages import BrokerEvents, RunEvents, read_message, write_message
from econda_cloud.schedule.rounds import Rounds, Taking
from econda_cloud.schedule.stored_plans import store_plan, stored_plan
from econda_cloud.simulate.virtual_time import VirtualTime
from econda_cloud.wire.broker import AnyBrokerEvent, PoolsDeclared
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import AttemptSucceeded, RunStarted
from econda_cloud.wire.grants import RunTold, Want
from econda_cloud.wire.pools import Node, Offer, Pool

LATENCY = {"append": 5.0, "query": 4.0, "put": 20.0, "get": 15.0, "send": 6.0, "invoke": 10.0, "deliver": 5.0}
TASK_MS, WIDTH, PARALLEL = 500.0, 60, 4
WARM_UP = 0.2
"""The first part of all events, in which runs are begun, is not measured."""

ENDED = 0.01
"""When so many of the runs have ended, it is not all of them at once any more: what is measured then has a name of its own."""

GIB = 1024**3
PACE_MS = 100.0
"""See `econda_functions.broker`."""

STACK = Stack(team="t", region="", bucket="", table="", uploads_queue="", events_queue="events", broker_queue="broker", lost_queue="",
              notices_queue="notices", notices_queue_arn="", dead_letters_queue="", dead_grouped_queue="", schedule_group="",
              schedule_role="", gateway="https://gateway")  # fmt: skip
TOKENS = Tokens(lambda: KeyRing((Key(id="k", secret=b"k" * 32),)))

TEXT = f"""edsl 1

task t(x: Int) -> (y: Int):
    needs:
        time = 1s
    run python:
        y = x

pipeline p() -> (n: Int):
    f = foreach i in 1..{WIDTH} with parallel = {PARALLEL}, batch = 1:
        a = t(i)
        gather a.y
    return n = len(f.done)
"""


def pools(slots: int) -> TeamPools:
    offer = Offer(name="fn", node=Node(cpu_milli=1_000, memory=2 * GIB), price=Price(per_gib_hour=60_000_000, per_request=200), cold_start_ms=200)  # fmt: skip
    pool = Pool(name="fn", driver="aws.lambda", offers=(offer,), slots=slots, cpu_milli=10**9, memory=2**50,
                max_time_ms=900_000, chunk_max=100, chunk_ms=10)  # fmt: skip
    target = msgspec.Raw(msgspec.json.encode(FunctionTarget(function="worker", limit_ms=900_000)))
    return TeamPools(pools=(pool,), targets={"fn": target})


class SlowLog(MemoryLog):
    """A log with the latencies of DynamoDB; counts appends and those that somebody else was faster with."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time, self.tried, self.lost = time, Counter[str](), Counter[str]()

    def append(self, name: str, expected: int, record: bytes) -> int:
        self._time.wait(LATENCY["append"])
        kind = name.partition("/")[0]
        self.tried[kind] += 1
        try:
            return super().append(name, expected, record)
        except Conflict:
            self.lost[kind] += 1
            raise

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self._time.wait(LATENCY["query"])
        return super().read(name, after, most)


class SlowBlobs(MemoryBlobs):
    """Blobs with the latencies of S3."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time = time

    def put(self, key: str, data: bytes) -> None:
        self._time.wait(LATENCY["put"])
        super().put(key, data)

    def get(self, key: str) -> bytes:
        self._time.wait(LATENCY["get"])
        return super().get(key)


class Groups:
    """A queue with groups in front of so many invocations at once."""

    def __init__(self, time: VirtualTime, at_once: int, take: Any) -> None:
        self._time, self._take, self._free = time, take, at_once
        self._groups: OrderedDict[str, list[tuple[str, float]]] = OrderedDict()
        self._in_hand: set[str] = set()
        self.batches = 0

    def send(self, group: str, body: str) -> None:
        self._groups.setdefault(group, []).append((body, self._time.now))
        self._time.after(LATENCY["deliver"], self._hand_over)

    def _hand_over(self) -> None:
        if not self._free:
            return
        batch: list[tuple[str, str, float]] = []
        held: list[str] = []
        for group, waiting in self._groups.items():
            if group in self._in_hand:
                continue
            taken = waiting[: 10 - len(batch)]
            batch += [(group, body, at) for body, at in taken]
            held.append(group)
            if len(batch) == 10:
                break
        if not batch:
            return
        self._free -= 1
        self.batches += 1
        self._in_hand |= set(held)
        counts = Counter(group for group, _, _ in batch)
        try:
            self._take(batch)
        finally:
            for group, number in counts.items():
                del self._groups[group][:number]
                if not self._groups[group]:
                    del self._groups[group]
            self._in_hand -= set(held)
            self._free += 1
        self._time.after(LATENCY["deliver"], self._hand_over)


class Clients:
    """What the adapters call of boto3, with latencies."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, _service: str) -> Clients:
        return self

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:
        self._world.time.wait(LATENCY["invoke"])
        self._world.invoked(Payload)
        return {"ResponseMetadata": {"RequestId": "x"}}

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageGroupId: str = "", **_: Any) -> None:
        self._world.time.wait(LATENCY["send"])
        self._world.send(QueueUrl, MessageGroupId, MessageBody)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._world.time.wait(LATENCY["send"])
        for entry in Entries:
            self._world.send(QueueUrl, entry.get("MessageGroupId", ""), entry["MessageBody"])
        return {}


class Mark(NamedTuple):
    """At a time in ms: attempts that have ended so far, appends of the broker, and runs that are over."""

    at: float
    ended: int
    appends: int
    over: int


class World:
    def __init__(self, runs: int, schedulers: int, text: str = TEXT, width: int = WIDTH) -> None:
        self.time = VirtualTime()
        self.log, self.blobs = SlowLog(self.time), SlowBlobs(self.time)
        self.plan, self.pools = plan_of(text), pools(PARALLEL * runs)
        self.total, self.ended, self.requests = runs * width, 0, Counter[str]()
        self.freed: dict[str, float] = {}
        self.waits: list[float] = []
        self.marks: list[Mark] = []
        self._left = dict.fromkeys((f"r{number}" for number in range(runs)), width)
        self._over = 0
        self._warm = [self._rounds() for _ in range(schedulers)]
        self._idle = list(self._warm)
        self.events = Groups(self.time, schedulers, self._schedule)
        self.broker_queue = Groups(self.time, 1, self._broker)
        effects: Any = AwsBrokerEffects(STACK, Clients(self), self.blobs)  # type: ignore[arg-type]
        self.broker = BrokerRounds(self.log, "t", effects, partial(stored_policy, self.blobs), self.blobs)
        self._paced = 0.0
        for number in range(runs):
            run = f"r{number}"
            store_plan(_quiet(self.blobs), "n", run, self.plan)
            event = RunStarted(run=run, namespace="n", plan=self.plan.digest, params={}, seed=number)
            self.time.after(number, partial(self.events.send, run, write_message(run, [event], self.blobs)))

    def _rounds(self) -> Rounds:
        clients: Any = Clients(self)
        effects = AwsEffects(STACK, clients, self.pools, self.log, self.blobs, Assigner(STACK.gateway, TOKENS, self.blobs),
                             spread=self.time.side_by_side, clock=self.time.clock)  # fmt: skip
        return Rounds(self.log, partial(stored_plan, self.blobs), effects, self.blobs, spread=self.time.side_by_side)

    def send(self, queue: str, group: str, body: str) -> None:
        self.requests["sent"] += 1
        match queue:
            case "events":
                self.events.send(group, body)
            case "broker":
                self.broker_queue.send(group, body)
            case _:
                pass

    def invoked(self, payload: bytes) -> None:
        assignment = json.loads(payload)
        run = assignment["run"]
        if run in self.freed:
            self.waits.append(self.time.now - self.freed.pop(run))
        [item] = assignment["document"]["items"]
        self.time.after(TASK_MS, partial(self._report, run, item))

    def _report(self, run: str, item: dict[str, Any]) -> None:
        now = self.time.clock()
        done = AttemptSucceeded(instance=item["instance"], attempt=item["attempt"], outputs={"y": 1},
                                started_ms=now - int(TASK_MS), ended_ms=now)  # fmt: skip
        self.freed.setdefault(run, self.time.now)
        self.ended += 1
        self._left[run] -= 1
        self._over += not self._left[run]
        if self.ended % max(1, self.total // 100) == 0:
            self.marks.append(Mark(self.time.now, self.ended, self.log.tried["ledger"], self._over))
        self.events.send(run, write_message(run, [done], self.blobs))

    def _schedule(self, batch: list[tuple[str, str, float]]) -> None:
        rounds = self._idle.pop()
        events: dict[str, list[Any]] = {}
        for run, body, _ in batch:
            message = read_message(body, self.blobs)
            assert isinstance(message, RunEvents)
            events.setdefault(run, []).extend(message.events)
        outcomes = rounds.take([Taking(run, tuple(each)) for run, each in events.items()], self.time.clock)
        assert len(outcomes.done) == len(events), outcomes
        self._idle.append(rounds)

    def _broker(self, batch: list[tuple[str, str, float]]) -> None:
        if len(batch) < 10 and (wait := self._paced + PACE_MS - self.time.now) > 0:
            self.time.wait(wait)
        self._paced = self.time.now
        told: list[AnyBrokerEvent] = []
        for _, body, _ in batch:
            message = read_message(body, self.blobs)
            assert isinstance(message, BrokerEvents)
            told += message.events
        self.broker.take(told, self.time.clock())

    def play(self) -> None:
        self.time.after(0, lambda: self.broker.declare(self.pools.pools, self.time.clock()))
        self.time.run(lambda: self.ended >= self.total)


def _quiet(blobs: MemoryBlobs) -> MemoryBlobs:
    """The same blobs without latencies."""
    quiet = MemoryBlobs()
    quiet._blobs = blobs._blobs
    return quiet


def team(runs: int, schedulers: int) -> dict[str, float]:
    world = World(runs, schedulers)
    world.play()
    begun = next(mark for mark in world.marks if mark.ended >= WARM_UP * world.total)
    end = next(mark for mark in world.marks if mark.over >= ENDED * runs)
    last = world.marks[-1]
    tried, lost = world.log.tried.total(), world.log.lost.total()
    waits = sorted(world.waits)
    return {
        "events_per_second": 1000 * (end.ended - begun.ended) / (end.at - begun.at),
        "appends_lost": lost / tried,
        "broker_appends_per_second": 1000 * (end.appends - begun.appends) / (end.at - begun.at),
        "events_per_second_as_runs_end": 1000 * (last.ended - end.ended) / (last.at - end.at),
        "broker_appends_per_second_as_runs_end": 1000 * (last.appends - end.appends) / (last.at - end.at),
        "ready_p50_s": statistics.median(waits) / 1000,
        "ready_p95_s": waits[int(0.95 * len(waits))] / 1000,
        "cpu_ms_per_event": world.time.used_ms / world.ended,
        "events": world.ended,
    }


def broker_costs() -> dict[str, float]:
    """What one record costs the broker with 1,000 runs that wait for another pool, and with 20 classes in all."""
    found = {}
    for name, waiting, classes in (("broker_ms_per_record", 1_000, 1_000), ("broker_ms_per_record_20_classes", 20, 20)):
        state = _waiting(waiting, classes)
        rounds = 400
        begun = time.perf_counter()
        for number in range(rounds // 2):
            demand = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_024)
            told = RunTold(run=f"x{number}", namespace="n", version=1, wants=(Want(demand=demand, ready=1),))
            state, entry = broker_decide(state, [told], 2_000, Facts({}))
            msgspec.json.encode(entry)
            over = RunTold(run=f"x{number}", namespace="n", version=2, over=True)
            state, entry = broker_decide(state, [over], 2_000, Facts({}))
            msgspec.json.encode(entry)
        found[name] = (time.perf_counter() - begun) / rounds * 1000
    return found


def _waiting(runs: int, classes: int) -> BrokerState:
    functions = pools(500).pools[0]
    big = Offer(name="gpu", node=Node(cpu_milli=4_000, memory=16 * GIB, gpu=1), price=Price(per_hour=10**9), cold_start_ms=60_000)  # fmt: skip
    gpu = Pool(name="gpu", driver="aws.batch", offers=(big,), slots=8, cpu_milli=32_000, memory=128 * GIB, gpu=8, array=True)  # fmt: skip
    state, _ = broker_decide(BrokerState(), [PoolsDeclared(pools=(functions, gpu))], 0, Facts({}))
    for number in range(runs):
        demand = Demand(kind="python", cpu_milli=1_000, memory=GIB + number % classes, gpu=1, time_ms=3_670_016)
        told = RunTold(run=f"g{number}", namespace="n", version=1, wants=(Want(demand=demand, ready=2),))
        state, _ = broker_decide(state, [told], 1_000, Facts({}))
    return state


def cold_start() -> float:
    """Seconds until a broker that has 1,000 runs and a long log behind it is there: a snapshot and the longest tail."""
    blobs, log = MemoryBlobs(), MemoryLog()
    before = broker_history(log, "t", snapshots=blobs, every=200)
    before.take([PoolsDeclared(pools=pools(4_000).pools)], 0)
    demand = Demand(kind="python", cpu_milli=1_000, memory=GIB, time_ms=1_024)
    for number in range(1_399):
        told = RunTold(run=f"r{number % 1_000}", namespace="n", version=1 + number // 1_000,
                       wants=(Want(demand=demand, ready=4),))  # fmt: skip
        before.take([told], 1_000 + number)
    begun = time.perf_counter()
    state = broker_history(log, "t", snapshots=blobs).refresh()
    assert state.seq == 1_400
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--schedulers", type=int, default=20)
    given = parser.parse_args()
    found = {**team(given.runs, given.schedulers), **broker_costs(), "cold_start_s": cold_start()}
    if given.json:
        print(json.dumps(found))
        return
    print(f"{given.runs} runs, {given.schedulers} schedulers, {WIDTH} attempts each, {PARALLEL} at once")
    for name, value in found.items():
        print(f"{name:<36}{value:>12,.4g}")


if __name__ == "__main__":
    main()
