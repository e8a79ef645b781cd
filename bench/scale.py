"""One run of 1,000 to 100,000 instances, and 1,000 runs at once: time, records, snapshots and memory per instance.

    python -m bench.scale              # the scheduler alone, in the quotas of AWS, time imagined
    python -m bench.scale --embedded   # also `econda run` with real processes, up to 100,000 tasks

Each size is measured in a process of its own, so that memory is its own. The exponent is that of a power law fitted to
the sizes: 1.0 is linear.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from econda_edsl.plan import Plan, Policy

from bench.shapes import fan, plan_of, run_seconds
from econda_cloud.money.prices import Price
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.pool import Accepted, Answer
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_rounds import BrokerRounds
from econda_cloud.schedule.effects import Handing
from econda_cloud.schedule.rounds import Rounds, Taking
from econda_cloud.wire.commands import CancelAttempts, Keep, LookAfter, LookUp, Publish
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded, ChunkSeen, GrantsSet, RunStarted, TimerFired
from econda_cloud.wire.grants import RunTold
from econda_cloud.wire.pools import Node, Offer, Pool

SIZES = (1_000, 10_000, 100_000)
RUNS, TASKS_EACH = 1_000, 20
ITEM_LIMIT = 400 * 1024
"""Bytes of an item in DynamoDB; what is longer lies in the bucket, at the price of a request more."""
TASK_MS = 1_000
BATCH = 10
"""Runs in one batch: what a queue with groups hands over at once."""
GIB = 1024**3


def quotas() -> tuple[Pool, ...]:
    """Lambda with its first quota of 1,000 at once, chunks of a hundred short tasks."""
    offer = Offer(name="fn", node=Node(cpu_milli=1_000, memory=2 * GIB), price=Price(per_gib_hour=60_000_000), cold_start_ms=200)  # fmt: skip
    return (Pool(name="fn", driver="aws.lambda", offers=(offer,), slots=1_000, cpu_milli=10**9, memory=2**50,
                 max_time_ms=900_000, chunk_max=100),)  # fmt: skip


class CountingLog(MemoryLog):
    """Counts what is appended, and knows the longest record."""

    def __init__(self) -> None:
        super().__init__()
        self.records = self.bytes = self.longest = 0

    def append(self, name: str, expected: int, record: bytes) -> int:
        self.records, self.bytes = self.records + 1, self.bytes + len(record)
        self.longest = max(self.longest, len(record))
        return super().append(name, expected, record)


class CountingBlobs(MemoryBlobs):
    """Counts what is put: snapshots and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.puts = self.bytes = 0

    def put(self, key: str, data: bytes) -> None:
        self.puts, self.bytes = self.puts + 1, self.bytes + len(data)
        super().put(key, data)


class Imagined:
    """Effects whose work takes imagined time: a chunk reports once, when its last task has ended. The broker answers at once."""

    def __init__(self) -> None:
        self.now, self.due, self.order = 1_000_000, list[tuple[int, int, str, list[AnyEvent]]](), itertools.count()
        self.told: list[RunTold] = []
        self.ended = 0

    def at(self, ms: int, run: str, events: list[AnyEvent]) -> None:
        heapq.heappush(self.due, (ms, next(self.order), run, events))

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        for handing in work:
            end = self.now + TASK_MS * len(handing.command.items)
            done: list[AnyEvent] = [
                AttemptSucceeded(instance=i, attempt=n, outputs={"y": 1}, started_ms=end - TASK_MS, ended_ms=end)
                for i, n in handing.command.items
            ]
            self.at(end, handing.chunk.run, done)
        return [Accepted("")] * len(work)

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None: ...

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        del state
        return [ChunkSeen(chunk=command.chunk, until_ms=self.now + 3_600_000)]

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        del plan, state, commands
        return ()

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None: ...

    def tell_broker(self, told: Sequence[tuple[RunTold, Policy | None]]) -> None:
        self.told += [each for each, _ in told]

    def answer(self, answers: Sequence[tuple[str, GrantsSet]]) -> None:
        for run, answer in answers:
            self.at(self.now, run, [answer])

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del now
        self.at(at_ms, run, [TimerFired(at_ms=at_ms)])

    def wake_broker(self, at_ms: int, now: int) -> None:
        raise AssertionError(f"nobody has a policy here, but the broker wants to be woken at {at_ms}, now {now}")

    def show(self, state: RunState, seq: int) -> None: ...

    def finished(self, state: RunState, seq: int) -> None:
        del state, seq
        self.ended += 1

    def publish(self, state: RunState, command: Publish) -> Sequence[AnyEvent]:
        raise AssertionError(f"nothing is published here, but {state.run} is, to {command.to}")

    def broken(self, namespace: str, run: str, message: str) -> None:
        raise AssertionError(f"{namespace}/{run}: {message}")


def imagined(runs: int, tasks: int) -> dict[str, float]:
    """Play so many runs of so many instances, all started at once."""
    plan, log, blobs, world = plan_of(fan(tasks)), CountingLog(), CountingBlobs(), Imagined()
    before, begun = peak_bytes(), time.perf_counter()
    rounds = Rounds(log, lambda *_: plan, world, blobs)
    broker = BrokerRounds(log, "t", world, lambda _: None, blobs)
    broker.declare(quotas(), world.now)
    starts = [RunStarted(run=f"r{n}", namespace="n", plan=plan.digest, params={}, seed=n) for n in range(runs)]
    _take(rounds, world, {event.run: [event] for event in starts})
    while world.ended < runs:
        if world.told:
            told, world.told = world.told, []
            broker.take(told, world.now)
        world.now = max(world.now, world.due[0][0])
        # All that is due comes in one batch, as queues hand it out.
        batch: dict[str, list[AnyEvent]] = {}
        while world.due and world.due[0][0] <= world.now and len(batch) < BATCH:
            _, _, run, events = heapq.heappop(world.due)
            batch.setdefault(run, []).extend(events)
        _take(rounds, world, batch)
    seconds, instances = time.perf_counter() - begun, runs * tasks
    return {
        "instances": instances,
        "seconds": seconds,
        "records": log.records,
        "longest record": log.longest,
        "log bytes": log.bytes,
        "snapshots": blobs.puts,
        "snapshot bytes": blobs.bytes,
        "memory": max(0, peak_bytes() - before - log.bytes) / instances,
    }


def _take(rounds: Rounds, world: Imagined, batch: Mapping[str, Sequence[AnyEvent]]) -> None:
    outcomes = rounds.take([Taking(run, tuple(events)) for run, events in batch.items()], lambda: world.now)
    if outcomes.later or outcomes.refused:
        raise RuntimeError(f"{outcomes.later} {outcomes.refused}")


def embedded(tasks: int) -> dict[str, float]:
    plan, before = plan_of(fan(tasks)), peak_bytes()
    with tempfile.TemporaryDirectory() as folder:
        seconds = run_seconds(Path(folder), plan, tasks)
        size = sum(path.stat().st_size for path in Path(folder).glob("log.sqlite*"))
    return {"instances": tasks, "seconds": seconds, "log bytes": size, "memory": (peak_bytes() - before) / tasks}


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Of the power law that fits best, by least squares of the logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)


def apart(*words: str) -> dict[str, float]:
    """Measure in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "bench.scale", *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", action="store_true", help="also with real processes")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "RUNS", "TASKS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        kind, runs, tasks = given.one[0], int(given.one[1]), int(given.one[2])
        print(json.dumps(imagined(runs, tasks) if kind == "imagined" else embedded(tasks)))
        return
    _table("scheduler alone", [apart("--one", "imagined", "1", str(size)) for size in SIZES])
    _table(f"{RUNS:,} runs at once", [apart("--one", "imagined", str(RUNS), str(TASKS_EACH))])
    if given.embedded:
        _table("econda run", [apart("--one", "embedded", "1", str(size)) for size in SIZES])


def _table(name: str, rows: list[dict[str, float]]) -> None:
    print(f"{name:<20}{'instances/s':>12}{'bytes/inst.':>12}{'log B/inst.':>12}{'longest':>10}{'snapshots':>18}")
    for row in rows:
        n = row["instances"]
        snapshots = (
            f"{row['snapshots']:.0f}, {row['snapshot bytes'] / row['log bytes']:.0%} of log"
            if "snapshots" in row
            else ""
        )
        longest = f"{row['longest record'] / ITEM_LIMIT:.0%}" if "longest record" in row else ""
        print(f"{n:<20,.0f}{n / row['seconds']:>12,.0f}{row['memory']:>12,.0f}{row['log bytes'] / n:>12,.0f}{longest:>10}{snapshots:>18}")  # fmt: skip
    if len(rows) > 1:
        print(f"time grows as n^{exponent([r['instances'] for r in rows], [r['seconds'] for r in rows]):.2f}")
    print(flush=True)


if __name__ == "__main__":
    main()
