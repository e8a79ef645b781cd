"""What the conformance suite of pools needs of each kind: submissions that end, fail, last or cannot be, and time."""

from __future__ import annotations

import itertools
import json
import time
from typing import Protocol

import msgspec

from econda_cloud.ports.memory_pool import MemoryPool
from econda_cloud.ports.pool import PoolDriver, Submission, Targets

SECRET = "token-5f1e0c"


class Bench(Protocol):
    """A pool under test. away: the same pool while nothing of it can be reached, None where there is no outside.

    worker_can_fail: whether this kind's worker is a program of its own, which may end badly.
    """

    driver: PoolDriver
    away: PoolDriver | None
    targets: Targets
    worker_can_fail: bool

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        """what: `ends`, `fails`, `lasts` (until it is cancelled) or `impossible` (no such thing behind the offer)."""
        ...

    def go_on(self) -> None:
        """Let some time pass."""
        ...


class MemoryBench:
    worker_can_fail = True

    def __init__(self) -> None:
        self._now = itertools.count(1_800_000_000_000).__next__
        self._pool = MemoryPool(self._now)
        self.driver: PoolDriver = self._pool
        away = MemoryPool(self._now)
        away.away = "the pool is away"
        self.away: PoolDriver | None = away
        self.targets: Targets = {"memory": msgspec.Raw(b'"memory"')}

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        target = msgspec.Raw(b'"another"') if what == "impossible" else self.targets["memory"]
        return submission(chunk, "memory", target, json.dumps({"do": what, "token": SECRET}).encode(), size)

    def go_on(self) -> None:
        for handle in self._pool.handles():
            self._pool.begin(handle)
            match json.loads(self._pool.assignment(handle))["do"]:
                case "ends":
                    self._pool.end(handle)
                case "fails":
                    self._pool.end(handle, "lost", "exit code 3")
                case _:
                    pass


def submission(chunk: str, offer: str, target: msgspec.Raw, assignment: bytes, size: int = 1) -> Submission:
    return Submission(
        chunk=chunk, run="r", namespace="n", offer=offer, target=target, assignment=assignment, size=size,
        cpu_milli=100, memory=64 << 20, timeout_ms=600_000,
    )  # fmt: skip


def wait_a_little() -> None:
    time.sleep(0.05)
