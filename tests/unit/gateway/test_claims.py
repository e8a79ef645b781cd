"""Claims: one owner at a time, another one only after the first is not heard of any more."""

import pytest

from econda_cloud.gateway.claims import LASTS_MS, Taken, claim, claim_state, finish, heartbeat, own
from econda_cloud.ports.log import Conflict, MemoryLog


class OwnRetry(MemoryLog):
    """The first try of each put goes through and its answer is lost; the store's client then tries it again."""

    def append(self, name, expected, record):
        super().append(name, expected, record)
        return super().append(name, expected, record)


def test_a_claim_has_an_owner_and_an_end():
    log = MemoryLog()
    mine = claim(log, "r.1", None, "me", "job-7", 1_000)
    assert (mine.owner, mine.handle, mine.until_ms, mine.seq) == ("me", "job-7", 1_000 + LASTS_MS, 1)
    assert claim_state(log, "r.1", None) == mine
    assert claim_state(log, "r.1", 0) is None
    assert claim_state(log, "r.2", None) is None


def test_the_same_owner_may_claim_again():
    log = MemoryLog()
    assert claim(log, "r.1", 3, "me", "job", 0) == claim(log, "r.1", 3, "me", "job", 5)
    assert log.names("claim/") == ["claim/r.1/3"]
    assert len(log.read("claim/r.1/3")) == 1


def test_a_put_that_was_tried_twice_is_the_owner_s_own():
    log = OwnRetry()
    mine = claim(log, "r.1", None, "me", "job", 0)
    assert mine.owner == "me"
    assert heartbeat(log, "r.1", None, mine, 60_000).until_ms == 60_000 + LASTS_MS
    assert finish(log, "r.1", None, mine, 61_000).done
    assert [len(log.read("claim/r.1"))] == [3]


@pytest.mark.parametrize("later", [1, LASTS_MS, 100 * LASTS_MS])
def test_another_owner_is_refused_however_long_the_first_is_silent(later):
    log = MemoryLog()
    first = claim(log, "r.1", None, "first", "job-1", 0)
    with pytest.raises(Taken, match="is run by job-1") as refused:
        claim(log, "r.1", None, "second", "job-2", later)
    assert refused.value.by == first
    assert claim_state(log, "r.1", None) == first


def test_a_silent_owner_goes_on():
    log = MemoryLog()
    mine = claim(log, "r.1", None, "me", "job", 0)
    assert own(log, "r.1", None, mine, 10 * LASTS_MS) == mine
    again = heartbeat(log, "r.1", None, mine, 10 * LASTS_MS)
    assert again.alive(10 * LASTS_MS + 1)
    assert own(log, "r.1", None, mine, 10 * LASTS_MS + 1).seq == 2


def test_nobody_claims_what_is_done():
    log = MemoryLog()
    finish(log, "r.1", None, claim(log, "r.1", None, "me", "job", 0), 5)
    for owner in ("me", "other"):
        with pytest.raises(Taken, match="is done by job"):
            claim(log, "r.1", None, owner, "again", 10 * LASTS_MS)
    assert claim_state(log, "r.1", None).done


def test_reading_on_from_a_record_that_is_known():
    log = MemoryLog()
    mine = claim(log, "r.1", None, "me", "job", 0)
    assert claim_state(log, "r.1", None, after=mine.seq) is None
    assert claim_state(log, "r.1", None, after=heartbeat(log, "r.1", None, mine, 9).seq - 1).until_ms == 9 + LASTS_MS


def test_ownership_costs_no_read_before_it_can_be_lost():
    class Unread(MemoryLog):
        def read(self, name, after=0):  # noqa: ARG002
            raise AssertionError(f"{name} was read")

    log = Unread()
    mine = claim(log, "r.1", None, "me", "job", 0)
    assert own(log, "r.1", None, mine, LASTS_MS - 1) == mine


def test_a_record_that_conflicts_and_cannot_be_read_ends_in_an_error():
    class Blind(MemoryLog):
        def read(self, name, after=0):  # noqa: ARG002
            return []

    log = Blind()
    claim(log, "r.1", None, "other", "job", 0)
    with pytest.raises(Conflict, match="cannot be read"):
        claim(log, "r.1", None, "me", "job", 0)
