"""Who is at work on a stack: the first of a sequence whose chunk is claimed, and each member of an array that is."""

from __future__ import annotations

from econda_adapters.clock import now_ms

from econda_cloud.cli.runs.running import running_on_stack
from econda_cloud.cli.runs.stores import Found, Store
from econda_cloud.gateway.claims import claim
from econda_cloud.money.prices import Price
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.run_index import MemoryRunIndex
from econda_cloud.run.state import Chunk, RunState


def chunk(*names: str, ended: int = 0, array: bool = False) -> Chunk:
    order = [(name, 1) for name in names]
    return Chunk(grant="g", demand="d", pool="p", offer="o", spot=False, price=Price(), array=array, cpu_milli=0, memory=0,
                 gpu=0, open=order[ended:], order=order, placed_ms=0, until_ms=0, look_ms=0, seq=1)  # fmt: skip


def test_of_a_sequence_the_first_that_has_not_ended_of_an_array_those_that_were_claimed():
    log = MemoryLog()
    found = Found(Store("s", log, MemoryRunIndex(), MemoryBlobs()), "r")
    state = RunState(run="r", namespace="n", plan="", seed=0, params={}, started_ms=0, now=0)
    state.chunks = {"r.1": chunk("a", "b", "c", ended=1), "r.2": chunk("d", "e", array=True), "r.3": chunk("f")}
    assert running_on_stack(found, state) == frozenset()
    claim(log, "r.1", None, "me", "job", now_ms())
    claim(log, "r.2", 1, "me", "job", now_ms())
    claim(log, "r.3", None, "me", "job", now_ms() - 1_000_000)
    assert running_on_stack(found, state) == {"b", "e"}
