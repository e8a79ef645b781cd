"""The driver of this machine's processes, beyond what every pool does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from econda_adapters.embedded import pool as embedded
from econda_adapters.embedded.local_pool import LocalDriver
from econda_adapters.embedded.pool import machine_pool
from msgspec.structs import replace

from econda_cloud.ports.pool import Accepted, ByNode, Ended, Gone, Refused, Running, Waiting
from econda_cloud.wire.events import ChunkLost
from tests.conformance.pools import LocalBench
from tests.waiting import Until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LocalBench]:
    made = LocalBench(tmp_path)
    yield made
    made.pool.close()


def test_an_assignment_of_another_chunk_is_refused(bench: LocalBench) -> None:
    (answer,) = bench.driver.submit([replace(bench.submission("ends", "r.1"), chunk="r.2")])
    assert answer == Refused("its assignment is that of r.1")


def test_room_is_what_running_chunks_leave(bench: LocalBench, until: Until) -> None:
    bench.driver.submit([replace(bench.submission("lasts", "r.1"), cpu_milli=300)])
    found = bench.driver.capacity(bench.targets)["local"]
    assert isinstance(found, ByNode)
    assert found.nodes[0].cpu_milli - found.nodes[0].free_cpu_milli == 300
    bench.driver.cancel("r.1", [0, 5])
    until(lambda: isinstance(bench.driver.describe(["r.1"])[0], Ended))
    found = bench.driver.capacity(bench.targets)["local"]
    assert isinstance(found, ByNode)
    assert found.nodes[0].free_cpu_milli == found.nodes[0].cpu_milli


def test_chunks_that_are_not_to_begin_at_once_wait_for_their_owner(bench: LocalBench) -> None:
    driver = LocalDriver(bench.pool, machine_pool(), prompt=False)
    assert driver.submit([bench.submission("ends", "r.1")]) == [Accepted("r.1")]
    assert driver.describe(["r.1"]) == [Waiting()]
    bench.pool.run_here(bench.chunk("ends", "r.1", 1), lambda: None)
    assert isinstance(driver.describe(["r.1"])[0], Ended)


def test_ends_of_long_ago_are_forgotten_and_what_runs_is_not(
    bench: LocalBench, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(embedded, "REMEMBERED_MOST", 2)
    bench.driver.submit([bench.submission("lasts", "r.0")])
    for number in range(1, 5):
        bench.driver.submit([bench.submission("ends", f"r.{number}")])
        until(lambda name=f"r.{number}": isinstance(bench.driver.describe([name])[0], Ended))
    states = bench.driver.describe([f"r.{number}" for number in range(5)])
    assert [type(state) for state in states] == [Running, Gone, Gone, Ended, Ended]
    bench.driver.cancel("r.0")


def test_a_watcher_that_breaks_has_lost_its_chunk(
    bench: LocalBench, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr(embedded, "run_chunk", broken)
    bench.driver.submit([bench.submission("ends", "r.1")])
    state = until(lambda: next((each for each in bench.driver.describe(["r.1"]) if isinstance(each, Ended)), None))
    assert state is not None
    assert (state.failure, state.message) == ("lost", "RuntimeError: of ours")
    (report,) = bench.reports.get(timeout=5)[1]
    assert isinstance(report, ChunkLost)
