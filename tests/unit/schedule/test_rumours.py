"""What a pool says of its own accord: whose death is it?"""

from __future__ import annotations

import pytest

from econda_cloud.gateway.claims import LASTS_MS, claim, finish
from econda_cloud.ports.log import MemoryLog
from econda_cloud.schedule.looking_after import believed
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
    assert believed(lost(), log, NOW) == lost()
    assert believed(lost("fn-9"), MemoryLog(), NOW) == lost("fn-9"), "nobody has it"


def test_a_duplicate_of_it_is_not(log):
    assert believed(lost("fn-2"), log, NOW) is None
    assert believed(lost("fn-2"), log, NOW + LASTS_MS) == lost("fn-2"), "and the job is not heard of either"


def test_a_word_that_names_no_job_is_about_the_one_that_has_or_had_it(log):
    assert believed(lost(""), log, NOW) == lost("fn-1")
    finish(log, "r.1", None, claim(log, "r.1", None, "me", "fn-1", NOW), NOW)
    assert believed(lost(""), log, NOW) == lost("fn-1"), "it may have gone on with another chunk"
