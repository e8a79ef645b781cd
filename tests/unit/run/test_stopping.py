"""What is stopped when something fails: what still runs, and not what has just ended."""

from __future__ import annotations

from econda_cloud.run.stopping import STOP_GRACE_MS
from econda_cloud.wire.commands import CancelAttempts
from econda_cloud.wire.events import AttemptFailed, CancelRequested, ChunkRefused
from tests.play import Play, plan_of

TOLERANT = plan_of("""edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    f = foreach i in 1..2 with tolerate = 100%:
        a = t(i)
        b = t(i)
        gather a.y + b.y
    return n = len(f.failed)
""")


def test_a_tolerated_failure_stops_its_siblings_and_waits_for_nobody_else() -> None:
    play = Play(TOLERANT)
    assert len(play.placed) == 4
    [cancel] = [each for each in play.fail("p/f[0]/a") if isinstance(each, CancelAttempts)]
    assert cancel.items == (("p/f[0]/b", 1),)
    assert (cancel.members, cancel.whole) == ((1,), False)
    assert set(play.run.stopping) == {"p/f[0]/b#1"}
    assert (play.run.counts.failed, play.run.counts.cancelled) == (1, 1)
    play.fail("p/f[0]/b")
    play.succeed("p/f[1]/a")
    play.succeed("p/f[1]/b")
    assert play.outcome is not None, "the run waits for an attempt that has ended"
    assert play.outcome.outputs == {"n": 1}


def test_what_a_pool_refuses_fails_for_good_and_is_no_cancelled_one() -> None:
    play = Play(TOLERANT, grant={"array": False, "chunk_max": 1})
    chunk = next(name for name, each in play.run.chunks.items() if each.open == [("p/f[0]/a", 1)])
    play.hear(ChunkRefused(chunk=chunk, why="the image is not valid"))
    assert (play.run.counts.failed, play.run.counts.cancelled, play.run.spent) == (1, 1, 0)
    assert "its pool refuses it: the image is not valid" in play.run.errors[0]
    play.fail("p/f[0]/b")
    play.succeed("p/f[1]/a")
    play.succeed("p/f[1]/b")
    assert play.outcome.outputs == {"n": 1}


def test_a_cancelled_run_waits_for_the_last_word_of_what_runs_and_no_longer_than_its_grace() -> None:
    play = Play(TOLERANT)
    [cancel] = [each for each in play.hear(CancelRequested(by="ada")) if isinstance(each, CancelAttempts)]
    assert (cancel.whole, len(cancel.items)) == (True, 4)
    asked = play.now
    play.hear(AttemptFailed(instance="p/f[0]/a", attempt=1, failure="preempted", message="stopped"))
    assert play.outcome is None
    play.wait()
    assert play.run.wake_ms == asked + STOP_GRACE_MS
    [again] = [each for each in play.wait() if isinstance(each, CancelAttempts)]
    assert play.outcome.error == "cancelled by ada"
    # Who did not answer is told once more, with the number that it has in its chunk.
    assert (again.members, again.whole) == ((1, 2, 3), False)
