"""The embedded pool: chunks run by warm processes of this machine, one thread each to watch them."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from econda_adapters.aws.clients import Clients
from econda_adapters.aws.secrets import AwsSecrets
from econda_cloud.money.prices import Price
from econda_cloud.place.state import Node, Offer, Pool
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.run.events import AnyEvent, ChunkLost, Item
from econda_cloud.worker.chunk import run_chunk
from econda_cloud.worker.processes import HostPool
from econda_cloud.worker.spec import Chunk

CHUNK_MAX = 32
PRETENDED_GPUS = 16
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
        chunk_ms=1_000,
        kinds=("python", "shell", "environment"),
        labels={"site": "local"},
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class EmbeddedPool:
    """Runs chunks and puts their reports, as (run, events), on `reports`."""

    def __init__(self, blobs: BlobStore, scratch: Path, reports: SimpleQueue[tuple[str, list[AnyEvent]]]) -> None:
        self._blobs, self._scratch, self._reports = blobs, scratch, reports
        # The tasks are the user's own, run from the user's own shell: they see what that has.
        self._hosts = HostPool(os.environ)
        self._secrets = AwsSecrets(Clients())
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "econda-worker")
        self._cancelled: set[Item] = set()
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def submit(self, chunk: Chunk) -> None:
        """Start a chunk; the same one a second time changes nothing."""
        with self._lock:
            if chunk.id in self._taken:
                return
            self._taken.add(chunk.id)
        self._threads.submit(self._run, chunk)

    def cancel(self, items: tuple[Item, ...]) -> None:
        self._cancelled.update(items)

    def _run(self, chunk: Chunk) -> None:
        try:
            self._report(chunk)
        except Exception as error:
            # Nobody waits for this thread: what it does not say, the run would wait for until its lease ends.
            lost = ChunkLost(chunk=chunk.id, failure="lost", message=f"{type(error).__name__}: {error}")
            self._reports.put((chunk.run, [lost]))

    def _report(self, chunk: Chunk) -> None:
        reports = run_chunk(
            chunk,
            blobs=self._blobs,
            scratch=self._scratch,
            hosts=self._hosts,
            clock=now_ms,
            cancelled=self._cancelled.__contains__,
            secrets=self._secrets,
        )
        # Reports are handed on together for at most a fifth of a second: one scheduler step then takes many.
        held: list[AnyEvent] = []
        since = time.monotonic()
        for report in reports:
            held.append(report)
            if time.monotonic() - since > 0.2:
                self._reports.put((chunk.run, held))
                held, since = [], time.monotonic()
        if held:
            self._reports.put((chunk.run, held))

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._hosts.close()
