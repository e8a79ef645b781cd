"""What the twin of a pool can be told to do, beyond what every pool does."""

from __future__ import annotations

from msgspec.structs import replace

from econda_cloud.ports.memory_pool import ONE_NODE, MemoryPool
from econda_cloud.ports.pool import Accepted, ByNode, Capabilities, Ended, Gone, Later, Refused
from tests.conformance.pools import MemoryBench, submission

TARGETS = MemoryBench().targets
SMALL = replace(ONE_NODE, cpu_milli=250, free_cpu_milli=250)


def wanted(chunk: str, size: int = 1):
    return submission(chunk, "memory", TARGETS["memory"], b"{}", size)


def pool(*nodes, **more):
    return MemoryPool(lambda: 1, nodes or (SMALL,), **more)


def test_room_is_per_node_and_comes_back_when_a_job_ends():
    twin = pool(SMALL, replace(SMALL, name="two"))
    assert [type(each) for each in twin.submit([wanted(f"r.{n}") for n in range(5)])] == [Accepted] * 4 + [Later]
    twin.end("r.2")
    assert twin.submit([wanted("r.4")]) == [Accepted("r.4")]
    assert twin.handles() == ["r.0", "r.1", "r.3", "r.4"]


def test_what_never_fits_is_refused():
    assert isinstance(pool().submit([replace(wanted("r.1"), cpu_milli=300)])[0], Refused)
    assert isinstance(pool().submit([wanted("r.1", size=3)])[0], Refused), "three members of 100 in 250"
    alone = Capabilities(kinds=("python",))
    assert pool(capabilities=alone).submit([wanted("r.1", size=3)]) == [Accepted("r.1")]


def test_members_end_apart_and_the_array_with_the_last():
    twin = pool(SMALL)
    twin.submit([wanted("r.1", size=2)])
    twin.begin("r.1")
    twin.end("r.1", "preempted", "the host went", member=1)
    assert twin.handles() == ["r.1"]
    twin.end("r.1")
    assert twin.handles() == []
    assert twin.describe(["r.1", "r.1:0", "r.1:1"]) == [
        Ended("preempted", "the host went", 1, 1),
        Ended(None, "", 1, 1),
        Ended("preempted", "the host went", 1, 1),
    ]


def test_it_refuses_is_busy_loses_and_lies_when_told_to():
    twin = pool()
    twin.refuses = lambda each: "never this" if each.chunk == "r.1" else ""
    assert twin.submit([wanted("r.1"), wanted("r.2")]) == [Refused("never this"), Accepted("r.2")]
    twin.busy = "throttled"
    assert twin.submit([wanted("r.3")]) == [Later("throttled")]
    twin.lose("r.2")
    assert twin.describe(["r.2"]) == [Gone()]
    twin.claimed = ()
    assert twin.capacity(TARGETS) == {"memory": ByNode(())}
