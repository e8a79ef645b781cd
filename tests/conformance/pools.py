"""What the conformance suite of pools needs of each kind: submissions that end, fail, last or cannot be, and time."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

import msgspec
from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.local_pool import LocalDriver
from econda_adapters.embedded.pool import EmbeddedPool, machine_pool
from econda_edsl.plan import Inline

from econda_cloud.ports.memory_pool import MemoryPool
from econda_cloud.ports.pool import PoolDriver, Submission, Targets
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask, encode_chunk
from econda_cloud.wire.events import AnyEvent

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


BODIES = {"ends": "y = 1", "lasts": "import time\ntime.sleep(600)"}


class LocalBench:
    """This machine's processes. Their watcher is a thread of ours: it does not fail, it reports what does."""

    worker_can_fail = False
    away: PoolDriver | None = None

    def __init__(self, folder: Path) -> None:
        self.reports: SimpleQueue[tuple[str, list[AnyEvent]]] = SimpleQueue()
        self.pool = EmbeddedPool(DirectoryBlobs(folder / "blobs"), folder / "scratch", 4, self.reports)
        self.driver: PoolDriver = LocalDriver(self.pool, machine_pool())
        self.targets: Targets = {"local": msgspec.Raw(b"null")}

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        document = b'{"no": "chunk"}' if what == "impossible" else encode_chunk(self.chunk(what, chunk, size))
        return submission(chunk, "local", self.targets["local"], document, size)

    def chunk(self, what: str, chunk: str, size: int) -> Chunk:
        task = WorkTask(name=what, run=Inline(language="python", body=BODIES[what]), outputs={"y": "Int"})
        items = (WorkItem(instance=f"{chunk}/t[{n}]", attempt=1, env={"T": SECRET}) for n in range(size))
        return Chunk(id=chunk, run="r", namespace="n", task=task, items=tuple(items))

    def go_on(self) -> None:
        wait_a_little()


def submission(chunk: str, offer: str, target: msgspec.Raw, assignment: bytes, size: int = 1) -> Submission:
    return Submission(
        chunk=chunk, run="r", namespace="n", offer=offer, target=target, assignment=assignment, size=size,
        cpu_milli=100, memory=64 << 20, timeout_ms=600_000,
    )  # fmt: skip


def wait_a_little() -> None:
    time.sleep(0.05)
