"""Chunks that cannot even be begun: every attempt still gets its report."""

from __future__ import annotations

import time
from pathlib import Path
from queue import SimpleQueue

import pytest
from econda_adapters.embedded.pool import EmbeddedPool
from econda_edsl.plan import Inline

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.wire.events import AttemptFailed, ChunkLost
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.run_chunk import run_chunk


def chunk(inputs: dict[str, str]) -> Chunk:
    task = WorkTask(name="t", run=Inline(language="shell", body="true"), inputs=inputs)
    items = tuple(WorkItem(instance=f"p/t[{i}]", attempt=1) for i in range(3))
    return Chunk(id="c", run="r", namespace="n", task=task, items=items)


def test_a_type_of_another_version_fails_every_attempt(tmp_path: Path) -> None:
    with HostPool() as hosts:
        reports = list(run_chunk(chunk({"x": "Lists<Int>"}), blobs=MemoryBlobs(), scratch=tmp_path, hosts=hosts,
                                 clock=lambda: time.time_ns() // 1_000_000))  # fmt: skip
    assert [report.instance for report in reports] == ["p/t[0]", "p/t[1]", "p/t[2]"]
    assert all(isinstance(report, AttemptFailed) and "not a type" in report.message for report in reports)


def test_types_of_modules_are_types(tmp_path: Path) -> None:
    with HostPool() as hosts:
        reports = list(run_chunk(chunk({"x": "List[stats.Point]?"}), blobs=MemoryBlobs(), scratch=tmp_path, hosts=hosts,
                                 clock=lambda: time.time_ns() // 1_000_000))  # fmt: skip
    assert not any(isinstance(report, AttemptFailed) for report in reports)


def test_a_pool_says_that_a_chunk_is_lost_when_its_thread_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("econda_adapters.embedded.pool.run_chunk", broken)
    reports: SimpleQueue = SimpleQueue()
    pool = EmbeddedPool(MemoryBlobs(), tmp_path, 1, reports)
    try:
        pool.submit(chunk({}))
        pool.start_ready()
        run, events = reports.get(timeout=30)
    finally:
        pool.close()
    assert run == "r"
    assert events == [ChunkLost(chunk="c", failure="lost", message="OSError: no space left")]
