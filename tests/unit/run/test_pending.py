"""What a run wants done: all that is not known to be done, whoever takes the run over, and nothing else."""

from __future__ import annotations

import pytest

from econda_cloud.run.advance import decide
from econda_cloud.run.pending import pending
from econda_cloud.run.state import RunState
from econda_cloud.wire.commands import AnyCommand, LookAfter
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptSucceeded,
    CancelRequested,
    ChunkAccepted,
    ChunkSeen,
    RunStarted,
    TimerFired,
)
from tests.play import Play, plan_of

PLAN = plan_of("""edsl 1

task fit(x: Int) -> (y: Int):
    cache = inputs
    run python:
        y = x

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (y: Int):
    a = t(1)
    b = t(2)
    c = fit(a.y + b.y)
    return y = c.y
""")
NOW = 10**9


def names(commands: list[AnyCommand]) -> list[str]:
    return [type(each).__name__ for each in commands]


class Log:
    """A run whose records say what they are told to."""

    def __init__(self) -> None:
        self.state: RunState | None = None
        self.take(RunStarted(run="r", namespace="n", plan=PLAN.digest, params={}, seed=1))

    def take(self, *events: AnyEvent, carried: int = 0, unsure: bool = False, at: int = 0) -> RunState:
        self.state, _ = decide(PLAN, self.state, events, NOW + at, carried=carried, unsure=unsure)
        assert self.state is not None
        return self.state


def begun() -> Log:
    """Both attempts are placed: records 1 and 2."""
    log, play = Log(), Play(PLAN, most=0, grant={"chunk_max": 1})
    play.most = None
    log.take(play.lent(play.told[0]))
    return log


def test_nothing_is_known_to_be_done_until_a_record_says_so():
    state = begun().state
    assert state is not None
    assert names(pending(state)) == ["Dispatch", "Dispatch", "TellBroker", "SetTimer", "ShowStatus"]
    assert pending(state, state.seq) == []


def test_what_is_known_to_be_done_is_forgotten_and_what_came_after_is_not():
    log = begun()
    state = log.take(TimerFired(), carried=1)
    assert "Dispatch" in names(pending(state))
    assert "TellBroker" not in names(pending(state, 1))
    state = log.take(TimerFired(), carried=3)
    assert (state.carried, state.undone) == (3, {})
    assert "Dispatch" not in names(pending(state))


def test_an_older_record_does_not_make_done_things_undone():
    log = begun()
    log.take(TimerFired(), carried=2)
    assert log.take(TimerFired(), carried=1).carried == 2


def test_a_chunk_whose_pool_has_answered_is_not_handed_over_again():
    log = begun()
    assert log.state is not None
    before = names(pending(log.state)).count("Dispatch")
    chunk = next(iter(log.state.chunks))
    state = log.take(ChunkAccepted(chunk=chunk, handle="job-1"))
    assert names(pending(state)).count("Dispatch") == before - 1


def test_a_chunk_that_is_looked_after_is_so_until_somebody_answers():
    log = begun()
    assert log.state is not None
    look = max(chunk.look_ms for chunk in log.state.chunks.values())
    state = log.take(TimerFired(at_ms=look), at=look - NOW)
    looked = names(pending(state)).count("LookAfter")
    assert looked >= 1
    state = log.take(*(ChunkSeen(chunk=name, until_ms=look + 10**6) for name in state.chunks), at=look - NOW + 1)
    assert names(pending(state)).count("LookAfter") == 0


def test_results_are_kept_and_looked_for_until_it_is_done():
    log = begun()
    assert log.state is not None
    items = [item for chunk in log.state.chunks.values() for item in chunk.open]
    done = [AttemptSucceeded(instance=i, attempt=n, outputs={"y": 1}, started_ms=0, ended_ms=1) for i, n in items]
    state = log.take(*done)
    assert "LookUp" in names(pending(state))
    assert "LookUp" in names(pending(log.take(TimerFired(), carried=2)))
    assert "LookUp" not in names(pending(log.take(TimerFired(), carried=5), 5))


def test_who_is_told_to_stop_is_told_again_and_at_the_end_once_more():
    log = begun()
    state = log.take(CancelRequested(by="ada"))
    assert "CancelAttempts" in names(pending(state))
    assert "CancelAttempts" not in names(pending(state, state.seq))
    state = log.take(TimerFired(), carried=3, at=120_000)
    assert state.outcome is not None
    assert {"CancelAttempts", "FinishRun", "TellBroker"} <= set(names(pending(state)))
    state = log.take(TimerFired(), carried=4, at=120_001)
    assert pending(state) == []


# What came side by side -----------------------------------------------------------------------------------------------


def test_of_what_came_side_by_side_the_first_that_may_not_be_done_is_known():
    log = begun()
    assert log.take(TimerFired(), carried=2).unsure == 0
    assert log.take(TimerFired(), carried=2, unsure=True).unsure == 4
    assert log.take(TimerFired(), carried=2, unsure=True).unsure == 4
    assert log.take(TimerFired(), carried=3).unsure == 4
    assert log.take(TimerFired(), carried=7).unsure == 0


def test_when_the_first_is_done_the_next_is_not_forgotten():
    """Whoever took record 5 in has died; another knew of record 4 only that it was done."""
    log = begun()
    log.take(TimerFired(), carried=2)
    log.take(TimerFired(), carried=2, unsure=True)
    log.take(TimerFired(), carried=2, unsure=True)
    assert log.take(TimerFired(), carried=4, unsure=True).unsure == 5
    assert log.take(TimerFired(), carried=6).unsure == 0


@pytest.mark.parametrize("carried", [5, 6])
def test_none_is_left_when_all_are_done(carried):
    log = begun()
    log.take(TimerFired(), carried=2)
    log.take(TimerFired(), carried=2, unsure=True)
    log.take(TimerFired(), carried=2, unsure=True)
    assert log.take(TimerFired(), carried=carried).unsure == 0


@pytest.mark.parametrize(("most", "members"), [(1, ()), (2, (0, 1))])
def test_a_lone_attempt_is_looked_after_as_the_job_that_it_is_and_not_as_a_member_of_an_array(most, members):
    play = Play(PLAN, most=most, grant={"array": True})
    play.wait()
    [look] = [each for each in play.commands if isinstance(each, LookAfter)]
    assert look.members == members
