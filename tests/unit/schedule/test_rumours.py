"""What a pool says of its own accord: whose death is it?"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from econda_cloud.gateway.claims import LASTS_MS, claim, finish
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.pool import Capabilities, Ended
from econda_cloud.schedule.looking_after import believed, looked_after
from econda_cloud.wire.commands import LookAfter
from econda_cloud.wire.events import ChunkLost

NOW = 1_000


def lost(handle: str = "fn-1") -> ChunkLost:
    return ChunkLost(chunk="r.1", failure="lost", message="killed", handle=handle)


@pytest.fixture
def log() -> MemoryLog:
    found = MemoryLog()
    claim(found, "r.1", None, "me", "fn-1", NOW)
    return found


def test_the_job_that_has_the_chunk_is_believed_to_be_gone(log):
    assert believed(lost(), log, NOW) == replace(lost(), claimed=True)
    assert believed(lost("fn-9"), MemoryLog(), NOW) == lost("fn-9"), "nobody has it"


def test_a_duplicate_of_it_is_not(log):
    assert believed(lost("fn-2"), log, NOW) is None
    assert believed(lost("fn-2"), log, NOW + LASTS_MS) == lost("fn-2"), "and the job is not heard of either"


def test_a_word_that_names_no_job_is_about_the_one_that_has_or_had_it(log):
    assert believed(lost(""), log, NOW) == replace(lost("fn-1"), claimed=True)
    finish(log, "r.1", None, claim(log, "r.1", None, "me", "fn-1", NOW), NOW)
    assert believed(lost(""), log, NOW) == replace(lost("fn-1"), claimed=True), "it may have gone on with another chunk"


def test_how_long_a_duplicate_lasted_says_nothing_of_the_job_that_had_the_chunk(log):
    told = replace(lost("fn-2"), started_ms=NOW + 7, ended_ms=NOW + 8)
    assert believed(told, log, NOW + LASTS_MS) == lost("fn-2")


class Batch:
    """A pool in which the job that is known is over, and the one that has the claim was killed."""

    def capabilities(self) -> Capabilities:
        return Capabilities(kinds=("python",))

    def describe(self, handles):
        ends = {
            "fn-1": Ended("preempted", "host gone", NOW, NOW + 500),
            "fn-2": Ended("lost", "died", NOW + 7, NOW + 8),
        }
        return [ends[handle] for handle in handles]


def test_who_is_silent_is_asked_for_by_the_job_that_has_the_claim(log):
    command = LookAfter(chunk="r.1", pool="x", offer="x", handle="fn-2", placed_ms=NOW)
    [event] = looked_after(command, log, Batch(), NOW + LASTS_MS)  # type: ignore[arg-type]
    assert (event.handle, event.claimed, event.started_ms, event.ended_ms) == ("fn-1", True, NOW, NOW + 500)  # type: ignore[union-attr]
