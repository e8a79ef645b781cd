"""What attempts have cost: each is booked once, for as long as it had its slot, however it ended and whenever that is
heard of."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from econda_cloud.money.prices import Price
from econda_cloud.run.advance import decide
from econda_cloud.run.stopping import STOP_GRACE_MS
from econda_cloud.wire.events import (
    AttemptFailed,
    AttemptSucceeded,
    CancelRequested,
    ChunkAccepted,
    ChunkLost,
    ChunkRefused,
)
from tests.play import Play, plan_of

USD, HOUR = 1_000_000_000, 3_600_000
A_DOLLAR = {"price": Price(per_hour=USD)}
SEQUENCE = {**A_DOLLAR, "array": False}
TASK = """edsl 1

task t(x: Int) -> (y: Int):
    needs:
        time = 8h
    checkpoint = every(10min)
    run python:
        y = x

"""
ONE = plan_of(f"{TASK}pipeline p() -> (y: Int):\n    a = t(1)\n    return y = a.y\n")
FAN = plan_of(f"{TASK}pipeline p() -> (n: Int):\n    f = foreach i in 1..3:\n        a = t(i)\n        gather a.y\n    return n = len(f.done)\n")  # fmt: skip
POOR = plan_of(f"{TASK}pipeline p() -> (y: Int):\n    with:\n        budget = $20\n    a = t(1)\n    return y = a.y\n")


def dollars(play: Play) -> float:
    return round(play.run.spent / USD, 4)


def lost(play: Play, after_ms: int, **more) -> None:
    [chunk] = play.run.chunks
    play.hear(ChunkLost(chunk=chunk, failure="preempted", message="host gone", **more), at=play.now + after_ms)


@pytest.mark.parametrize("shape", [A_DOLLAR, SEQUENCE], ids=["array", "sequence"])
def test_an_attempt_that_is_lost_after_seven_hours_has_cost_seven_hours(shape):
    play = Play(ONE, grant=shape)
    lost(play, 7 * HOUR)
    assert dollars(play) == 7


@pytest.mark.parametrize("shape", [A_DOLLAR, SEQUENCE], ids=["array", "sequence"])
def test_what_is_never_heard_of_has_cost_no_more_than_its_pool_lets_anything_last(shape):
    play = Play(ONE, grant={**shape, "lease_ms": 9 * HOUR, "max_time_ms": 2 * HOUR})
    play.wait(play.now + 9 * HOUR)
    assert dollars(play) == 2


def test_the_rest_of_what_may_last_no_longer_is_that_after_it_was_given_up():
    play = Play(ONE, grant={**A_DOLLAR, "lease_ms": 9 * HOUR, "max_time_ms": 2 * HOUR})
    began = play.now
    play.wait(began + 9 * HOUR)
    play.hear(AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=began + 8 * HOUR, ended_ms=began + 10 * HOUR), at=began + 10 * HOUR)  # fmt: skip
    assert dollars(play) == 3


def test_a_sequence_that_is_never_heard_of_has_cost_no_more_than_one_job_may_last():
    play = Play(FAN, most=1, grant={**SEQUENCE, "chunk_ms": 99 * HOUR, "chunk_max": 9, "lease_ms": 9 * HOUR, "max_time_ms": 2 * HOUR})  # fmt: skip
    assert len(play.placed) == 3
    play.most = 0
    play.wait(play.now + 9 * HOUR)
    assert dollars(play) == 2


def test_what_the_pool_says_of_its_times_counts():
    play = Play(ONE, grant=A_DOLLAR)
    began = play.now + HOUR
    lost(play, 30 * HOUR, started_ms=began, ended_ms=began + 7 * HOUR)
    assert dollars(play) == 7


def test_what_is_not_heard_of_in_time_has_cost_all_that_time():
    play = Play(ONE, grant={**A_DOLLAR, "lease_ms": 9 * HOUR})
    play.wait(play.now + 9 * HOUR)
    assert dollars(play) == 9
    assert play.run.counts.preempted == 0


def test_a_budget_is_used_up_by_attempts_that_are_lost():
    play = Play(POOR, grant=A_DOLLAR)
    for _ in range(18):
        if play.run.ending is not None:
            break
        lost(play, 7 * HOUR)
    assert play.outcome is not None
    assert "budget: $20.00 would be exceeded" in play.outcome.error
    assert dollars(play) == 14, "two times seven hours, and not a third eight"


def test_what_runs_on_beyond_the_budget_is_stopped_when_it_is_used_up_and_not_when_it_ends():
    play = Play(POOR, grant=A_DOLLAR)
    began = play.now
    while play.run.ending is None:
        play.wait()
    assert play.now <= began + 20 * HOUR + 1_000
    assert "budget" in play.run.ending.error


def test_a_chain_of_a_sequence_pays_for_the_time_between_and_no_attempt_twice():
    play = Play(FAN, most=1, grant={**SEQUENCE, "chunk_ms": 99 * HOUR, "chunk_max": 9})
    assert len(play.placed) == 3
    first = play.now
    play.succeed("p/f[0]/a", at=first + HOUR, lasted=HOUR)
    assert dollars(play) == 1
    lost(play, 2 * HOUR)
    assert dollars(play) == 3, "the second was at work since the first had ended; the third never began"


def test_all_members_of_an_array_that_is_lost_have_cost_their_time():
    play = Play(FAN, grant=A_DOLLAR)
    [chunk] = play.run.chunks
    play.hear(ChunkLost(chunk=chunk, failure="lost", message="gone", index=1), at=play.now + HOUR)
    assert dollars(play) == 1
    lost(play, HOUR)
    assert dollars(play) == 1 + 2 * 2


def test_what_was_refused_has_cost_nothing():
    play = Play(ONE, grant=A_DOLLAR)
    [chunk] = play.run.chunks
    play.hear(ChunkRefused(chunk=chunk, why="no such image"), at=play.now + 9 * HOUR)
    assert dollars(play) == 0
    assert play.outcome is not None


def test_what_was_refused_the_second_time_is_booked_if_the_first_one_did_it():
    play = Play(ONE, grant=A_DOLLAR)
    [chunk] = play.run.chunks
    began = play.now
    play.hear(ChunkRefused(chunk=chunk, why="too many"))
    play.hear(AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=began, ended_ms=began + 2 * HOUR), at=began + 2 * HOUR)  # fmt: skip
    assert dollars(play) == 2


def stopped(grant: dict) -> Play:
    play = Play(ONE, grant=grant)
    play.hear(CancelRequested(by="ada"), at=play.now + HOUR)
    return play


def test_a_stopped_attempt_is_booked_by_its_own_word():
    play = stopped(A_DOLLAR)
    began = play.now - HOUR
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="preempted", message="", started_ms=began, ended_ms=play.now + 4_000))  # fmt: skip
    assert play.run.spent == USD + -(-USD * 4 // 3_600)
    assert play.outcome is not None


def test_a_stopped_attempt_that_does_not_answer_is_booked_until_its_grace_ends_and_the_rest_when_it_is_heard_of():
    play = stopped(A_DOLLAR)
    began = play.now - HOUR
    play.wait()
    assert play.outcome is not None
    until_grace = USD + -(-USD * STOP_GRACE_MS // HOUR)
    assert play.run.spent == until_grace
    late = AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=began, ended_ms=began + 5 * HOUR)
    play.hear(late, at=began + 6 * HOUR)
    assert dollars(play) == 5
    play.hear(late)
    assert dollars(play) == 5, "its last word counts once"
    assert play.outcome.state == "cancelled"


def test_an_attempt_that_was_missed_and_went_on_is_booked_in_whole_when_it_is_heard_of():
    play = Play(ONE, grant={**A_DOLLAR, "lease_ms": 9 * HOUR})
    began = play.now
    play.wait(began + 9 * HOUR)
    play.hear(AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=began, ended_ms=began + 12 * HOUR), at=began + 12 * HOUR)  # fmt: skip
    assert dollars(play) == 12
    assert play.run.counts.succeeded == 0, "another attempt is at work"


def test_an_earlier_word_of_what_was_booked_already_books_nothing_more():
    play = Play(ONE, grant={**A_DOLLAR, "lease_ms": 9 * HOUR})
    began = play.now
    play.wait(began + 9 * HOUR)
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="failed", message="", started_ms=began, ended_ms=began + HOUR))  # fmt: skip
    assert dollars(play) == 9


def test_an_attempt_that_was_missed_and_began_only_then_is_booked_from_its_real_start():
    play = Play(ONE, grant={**A_DOLLAR, "lease_ms": 9 * HOUR})
    began = play.now
    play.wait(began + 9 * HOUR)
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="preempted", message="", started_ms=began + 20 * HOUR, ended_ms=began + 21 * HOUR))  # fmt: skip
    assert dollars(play) == 10, "nine until it was missed and one at work, not the eleven in between"


def test_all_that_a_sequence_does_after_it_was_missed_is_booked():
    play = Play(FAN, most=1, grant={**SEQUENCE, "chunk_ms": 99 * HOUR, "chunk_max": 9, "lease_ms": HOUR})
    began = play.now
    play.wait(began + HOUR)
    assert dollars(play) == 1
    for member in range(3):
        starts = began + member * 2 * HOUR
        play.hear(AttemptFailed(instance=f"p/f[{member}]/a", attempt=1, failure="failed", message="", started_ms=starts, ended_ms=starts + 2 * HOUR))  # fmt: skip
    assert dollars(play) == 6, "two hours each: the second and the third began when the chunk was given up already"


def test_a_pools_word_of_a_job_that_outlived_its_grace_is_heard_once():
    play = stopped(A_DOLLAR)
    [chunk] = play.run.chunks
    began = play.now - HOUR
    play.wait()
    assert play.outcome is not None
    gone = ChunkLost(chunk=chunk, failure="lost", message="killed", started_ms=began, ended_ms=began + 5 * HOUR, claimed=True)  # fmt: skip
    play.hear(gone, at=began + 5 * HOUR)
    assert dollars(play) == 5
    play.hear(replace(gone, claimed=False, ended_ms=began + 9 * HOUR), at=began + 9 * HOUR)
    assert dollars(play) == 5, "a job that was another one's duplicate"
    play.hear(gone)
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="failed", message="", started_ms=began, ended_ms=began + 5 * HOUR))  # fmt: skip
    assert dollars(play) == 5


def test_a_link_that_is_gone_on_with_pays_for_no_request_of_its_own():
    chain = plan_of(f"{TASK}pipeline p() -> (y: Int):\n    a = t(1)\n    b = t(a.y)\n    return y = b.y\n")
    play = Play(chain, grant={"price": Price(per_request=200), "array": False})
    state, _ = decide(chain, play.run, [play.success("p/a")], play.now + 1, here=True)
    assert state is not None
    [link] = state.chunks.values()
    assert (link.here, link.price.per_request, state.committed) == (True, 0, 0)
    assert state.spent == 200


def test_what_runs_is_committed_and_what_has_ended_is_not():
    play = Play(FAN, grant=A_DOLLAR)
    assert play.run.committed > 3 * 8 * USD - USD
    play.succeed(at=play.now + HOUR, lasted=HOUR)
    assert play.run.committed < 3 * 8 * USD
    while play.outcome is None:
        play.succeed()
    assert play.run.committed == 0


def test_an_offer_without_a_price_is_counted_and_costs_nothing_that_is_known():
    play = Play(ONE, grant={"price": Price(known=False)})
    play.succeed(lasted=HOUR)
    assert (play.run.spent, play.run.unpriced) == (0, 1)


# Two jobs of one chunk ------------------------------------------------------------------------------------------------


def submitted_twice() -> Play:
    play = Play(ONE, grant=A_DOLLAR)
    [chunk] = play.run.chunks
    play.hear(ChunkAccepted(chunk=chunk, handle="job-1"))
    play.hear(ChunkAccepted(chunk=chunk, handle="job-2"))
    return play


@pytest.mark.parametrize("handle", ["job-2", "job-2:0"])
def test_the_death_of_another_job_of_a_chunk_changes_nothing(handle):
    play = submitted_twice()
    lost(play, HOUR, handle=handle)
    assert (play.placed, play.run.spent, play.run.counts.preempted) == ([("p/a", 1)], 0, 0)
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="lost", message="", handle=handle))
    assert play.placed == [("p/a", 1)]
    play.succeed(y=7)
    assert play.outcome.outputs == {"y": 7}


def test_the_report_of_the_job_that_has_the_claim_is_heard_whichever_was_known():
    play = submitted_twice()
    began = play.now
    play.hear(AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 7}, started_ms=began, ended_ms=began + HOUR, handle="job-2"), at=began + HOUR)  # fmt: skip
    assert play.outcome.outputs == {"y": 7}, "only the owner of the claim can report"
    assert dollars(play) == 1


def test_a_job_that_was_stopped_tells_its_own_end_whichever_was_known():
    play = submitted_twice()
    began = play.now
    play.hear(CancelRequested(by="ada"))
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="preempted", message="", started_ms=began, ended_ms=began + 1_000, handle="job-2"), at=began + 1_000)  # fmt: skip
    assert play.outcome is not None


def test_the_death_of_the_job_that_has_the_claim_is_heard_whichever_was_known():
    play = submitted_twice()
    lost(play, HOUR, handle="job-2", claimed=True)
    assert play.placed == [("p/a", 2)]


@pytest.mark.parametrize("handle", ["job-1", "job-1:0", ""])
def test_the_death_of_its_own_job_or_of_one_that_is_not_named_ends_it(handle):
    play = submitted_twice()
    lost(play, HOUR, handle=handle)
    assert play.placed == [("p/a", 2)]
    assert (play.run.counts.preempted, dollars(play)) == (1, 1)


def test_the_death_of_another_job_of_a_stopped_attempt_is_not_its_last_word():
    play = submitted_twice()
    play.hear(CancelRequested(by="ada"))
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="lost", message="", handle="job-2"))
    assert play.outcome is None
    play.hear(AttemptFailed(instance="p/a", attempt=1, failure="preempted", message="", handle="job-1"))
    assert play.outcome is not None
