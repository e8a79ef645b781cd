"""The embedded pool: chunks run by warm processes of this machine, one thread each to watch them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from econda_adapters.aws.clients import Clients
from econda_adapters.aws.secrets import AwsSecrets
from econda_adapters.clock import now_ms
from econda_adapters.embedded.live import LiveFiles
from econda_cloud.money.prices import Price
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.pool import Ended, Gone, JobState, Running, Waiting
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.events import AnyEvent, ChunkLost, Item
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.run_chunk import run_chunk

CHUNK_MAX = 32
PRETENDED_GPUS = 16
HOLD_S = 0.02
"""Reports of a chunk are handed on together for so long: what depends on them waits no longer than that."""

SHORT_MS = 20
"""An attempt that takes no longer is not worth two changes of thread, which take a tenth of a millisecond each."""


REMEMBERED_MOST = 10_000
"""Chunks that have ended of which the pool still knows how."""

_GPUS = Path("/proc/driver/nvidia/gpus")


def own_gpus() -> int:
    """GPUs of this machine, as NVIDIA's driver for Linux lists them."""
    return sum(1 for _ in _GPUS.iterdir()) if _GPUS.is_dir() else 0


def machine_pool() -> Pool:
    """This machine as a pool: its cores and memory, free of charge.

    Without a GPU it still takes tasks that ask for some: one pipeline file is to run unchanged on a laptop, and
    what learns on a GPU learns, more slowly, on a CPU. Tasks that name a kind of GPU are refused.
    """
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpus = own_gpus() or PRETENDED_GPUS
    node = Node(cpu_milli=cores * 1000, memory=memory, disk=1 << 62, gpu=gpus)
    offer = Offer(name="local", node=node, price=Price())
    return Pool(
        name="local",
        driver="local.process",
        offers=(offer,),
        slots=cores,
        cpu_milli=cores * 1000,
        memory=memory,
        gpu=gpus,
        chunk_max=CHUNK_MAX,
        # Long chunks would leave the last core idle while another still has a queue of its own.
        chunk_ms=500,
        kinds=("python", "shell", "environment"),
        labels={"site": "local"},
    )


def own_hosts(*, prepared: bool = False) -> HostPool:
    """Processes for tasks that are the user's own, run from the user's own shell: they see what that has.

    `prepared`: their parent is started at once, to be ready when the first tasks are.
    """
    hosts = HostPool(os.environ)
    if prepared:
        hosts.prepare()
    return hosts


class EmbeddedPool:
    """Runs chunks and puts their reports, as (run, events), on `reports`. Used by one thread, the scheduler's.

    A chunk is handed over by `submit` and begins with `start_ready`, in a thread of the pool, or with `run_here`.
    """

    def __init__(
        self,
        blobs: BlobStore,
        scratch: Path,
        slots: int,
        reports: SimpleQueue[tuple[str, list[AnyEvent]]],
        hosts: HostPool | None = None,
    ) -> None:
        self._blobs, self._scratch, self._reports = blobs, scratch, reports
        self._hosts = hosts or own_hosts()
        self._secrets = AwsSecrets(Clients())
        self._threads = ThreadPoolExecutor(slots, "econda-worker")
        self._live = LiveFiles(scratch)
        self._cancelled: set[Item] = set()
        self._taken: set[str] = set()
        self._open: dict[str, Chunk] = {}
        self._states: dict[str, JobState] = {}
        self._ready: list[Chunk] = []
        self._lasted_ms: dict[str, int] = {}
        self._at_work = 0
        self._lock = threading.Lock()

    def submit(self, chunk: Chunk) -> None:
        """Take a chunk; the same one a second time changes nothing."""
        if chunk.id not in self._taken:
            self._taken.add(chunk.id)
            self._open[chunk.id] = chunk
            self._states[chunk.id] = Waiting()
            self._ready.append(chunk)

    def state(self, chunk: str) -> JobState:
        """What is remembered of a chunk: those that ended long ago are gone."""
        return self._states.get(chunk, Gone())

    def items(self, chunk: str) -> tuple[Item, ...]:
        """The attempts of a chunk that has not ended; of any other, none."""
        found = self._open.get(chunk)
        return () if found is None else tuple((item.instance, item.attempt) for item in found.items)

    def _began(self, chunk: Chunk) -> int:
        started = now_ms()
        self._states[chunk.id] = Running(started)
        return started

    def _over(self, chunk: Chunk, started: int, error: Exception | None = None) -> None:
        with self._lock:
            self._open.pop(chunk.id, None)
            # Told anew, so that the first ones are those that ended, or began to wait, long ago.
            del self._states[chunk.id]
            failure, message = (None, "") if error is None else ("lost", _words(error))
            self._states[chunk.id] = Ended(failure, message, started, now_ms())
            while len(self._states) - len(self._open) > REMEMBERED_MOST:
                self._states.pop(next(name for name in self._states if name not in self._open))

    def cancel(self, items: tuple[Item, ...]) -> None:
        self._cancelled.update(items)

    def stop(self) -> None:
        """Stop what runs, as if it was cancelled, and begin nothing more."""
        self._ready = []
        for chunk in list(self._open.values()):
            self.cancel(tuple((item.instance, item.attempt) for item in chunk.items))

    def start_ready(self) -> None:
        """Begin what was submitted, each chunk in a thread."""
        ready, self._ready = self._ready, []
        for chunk in ready:
            with self._lock:
                self._at_work += 1
            self._threads.submit(self._run, chunk)

    def only_short(self) -> Chunk | None:
        """The chunk that is all there is to do, if it is one attempt of a task that took `SHORT_MS` at most before."""
        if len(self._ready) != 1 or self._at_work or len(self._ready[0].items) != 1:
            return None
        [chunk] = self._ready
        return self._ready.pop() if self._lasted_ms.get(chunk.task.name, SHORT_MS + 1) <= SHORT_MS else None

    def run_here(self, chunk: Chunk, meanwhile: Callable[[], None]) -> list[AnyEvent]:
        """Run a chunk in this thread and return its reports: the scheduler would only wait for another one to do it.

        `meanwhile` is called about once a second, should it last longer than it did before.
        """

        def cancelled(item: Item) -> bool:
            meanwhile()
            return item in self._cancelled

        started = self._began(chunk)
        try:
            reports = list(self._reported(chunk, cancelled))
        except Exception as error:
            self._over(chunk, started, error)
            return [_lost(chunk, error)]
        self._over(chunk, started)
        return reports

    def _run(self, chunk: Chunk) -> None:
        # One scheduler step then takes many.
        held: list[AnyEvent] = []
        since, started, failed = time.monotonic(), self._began(chunk), None
        try:
            for report in self._reported(chunk, self._cancelled.__contains__):
                held.append(report)
                if time.monotonic() - since > HOLD_S:
                    self._reports.put((chunk.run, held))
                    held, since = [], time.monotonic()
        except Exception as error:
            # Nobody waits for this thread: what it does not say, the run would wait for until its lease ends.
            held.append(_lost(chunk, error))
            failed = error
        with self._lock:
            self._at_work -= 1
        if held:
            self._reports.put((chunk.run, held))
        self._over(chunk, started, failed)

    def _reported(self, chunk: Chunk, cancelled: Callable[[Item], bool]) -> Iterator[AnyEvent]:
        reports = run_chunk(
            chunk,
            blobs=self._blobs,
            scratch=self._scratch,
            hosts=self._hosts,
            clock=now_ms,
            cancelled=cancelled,
            secrets=self._secrets,
            show=self._live.of(chunk.run),
        )
        for report in reports:
            self._lasted_ms[chunk.task.name] = report.ended_ms - report.started_ms
            yield report

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._live.close()
        self._hosts.close()


def _lost(chunk: Chunk, error: Exception) -> ChunkLost:
    return ChunkLost(chunk=chunk.id, failure="lost", message=_words(error))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
