"""Timers, and clocks that disagree."""

from __future__ import annotations

from econda_cloud.run.advance import decide
from econda_cloud.run.state import TimerKind
from econda_cloud.run.timers import SHOW_MS, STALE_MOST, is_early
from econda_cloud.wire.commands import FinishRun, SetTimer, ShowStatus
from econda_cloud.wire.events import RunStarted, TimerFired
from tests.play import Play, plan_of

PLAN = plan_of("""edsl 1

task one() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    with:
        deadline = 10s
    a = one()
    return y = a.y
""")

CHAIN = plan_of("""edsl 1

task one(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    repeat up to 300:
        carry n: Int = 0
        a = one(n)
        next n = n + 1
    until n >= 299
    return n = n
""")


BESIDE = plan_of("""edsl 1

task one(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    slow = one(1)
    repeat up to 300:
        carry n: Int = 0
        a = one(n)
        next n = n + 1
    until n >= 300
    return n = n + slow.y
""")


def test_a_timer_that_rings_where_the_clock_is_behind_is_not_lost():
    play = Play(PLAN, most=0)
    [timer] = [command for command in play.commands if isinstance(command, SetTimer)]
    assert timer.at_ms == play.now + 10_000
    play.state, entry = decide(PLAN, play.state, [TimerFired(at_ms=timer.at_ms)], timer.at_ms - 1_500)
    assert entry.now == timer.at_ms
    assert play.outcome is not None
    assert "deadline" in play.outcome.error


def test_a_timer_is_asked_for_once_and_again_when_something_is_due_earlier():
    play = Play(CHAIN, grant={"lease_ms": 10**8})
    first = [each.at_ms for each in play.commands if isinstance(each, SetTimer)]
    assert len(first) == 1
    assert [each for each in play.hear() if isinstance(each, SetTimer)] == []
    [sooner] = [each.at_ms for each in play.fail(failure="lost") if isinstance(each, SetTimer)]
    assert sooner == play.now + 1_000


def test_timers_of_chunks_that_have_ended_do_not_pile_up():
    play, most = Play(BESIDE, grant={"array": False, "chunk_max": 1, "lease_ms": 10**8}), 0
    for n in range(300):
        # While another attempt is to be looked after before all of them.
        play.succeed(f"p/repeat[{n + 1}]/a", y=n, at=play.now + 100)
        most = max(most, len(play.run.timers))
    assert STALE_MOST < most < 100
    assert play.placed == [("p/slow", 1)]
    [chunk] = play.run.chunks.values()
    assert (chunk.look_ms, TimerKind.LOOK) in [timer[:2] for timer in play.run.timers]


def test_what_rings_next_is_live():
    play = Play(CHAIN, grant={"array": False, "lease_ms": 10**8})
    for n in range(40):
        play.succeed(y=n, at=play.now + 300_000)
        [chunk] = play.run.chunks.values()
        assert play.run.timers[0][0] == chunk.look_ms
        assert play.run.wake_ms <= chunk.look_ms


def test_time_alone_that_changes_nothing_is_known_to():
    play = Play(PLAN, most=0)
    due = play.now + 10_000
    assert is_early(play.run, due - 1)
    assert not is_early(play.run, due)
    play.wait()
    assert is_early(play.run, 10**12), "a run that has ended waits for nothing"


def test_a_run_without_anything_due_asks_for_no_timer():
    plan = plan_of("edsl 1\n\ntask one() -> (y: Int):\n    run python:\n        y = 1\n\n"
                   "pipeline p() -> (y: Int):\n    a = one()\n    return y = a.y\n")  # fmt: skip
    state, entry = decide(plan, None, [RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1)], 10**9)
    assert state is not None
    assert state.wake_ms == 0
    assert [type(each).__name__ for each in entry.decisions] == ["Shown", "Told"]


# Statuses -------------------------------------------------------------------------------------------------------------


def shown(commands) -> int:
    return sum(isinstance(each, ShowStatus) for each in commands)


def test_a_status_is_written_when_there_is_news_and_not_more_often_than_every_few_seconds():
    play, begun = Play(BESIDE, grant={"lease_ms": 10**9}), 1_000_000
    assert shown(play.commands) == 1
    for n in range(49):
        assert shown(play.succeed(f"p/repeat[{n + 1}]/a", y=n, at=begun + 100 * (n + 1))) == 0
    assert play.run.wake_ms == begun + 1 + SHOW_MS, "the news would be missing for as long as nothing else happens"
    assert shown(play.wait()) == 1
    assert shown(play.wait(play.now + SHOW_MS)) == 0, "there is nothing new"
    assert shown(play.succeed("p/repeat[50]/a", y=50)) == 1


def test_the_end_of_a_run_is_shown_by_its_end():
    play = Play(PLAN)
    commands = play.succeed()
    assert [type(each).__name__ for each in commands if isinstance(each, ShowStatus | FinishRun)] == ["FinishRun"]
