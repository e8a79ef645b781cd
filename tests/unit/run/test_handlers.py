"""Handlers: what still runs after a pipeline has ended."""

from __future__ import annotations

from econda_edsl.plan import Plan

from econda_cloud.wire.commands import FinishRun
from econda_cloud.wire.events import AttemptFailed, CancelRequested, ChunkRefused
from tests.play import Play, plan_of

HEAD = """edsl 1

task work(x: Int) -> (y: Int):
    run python:
        y = x

task tell(text: String) -> (said: String):
    run python:
        said = text

pipeline p(n: Int = 7) -> (y: Int):
    a = work(n)
    return y = a.y
"""
FAILURE = '\n    on failure:\n        first = tell("{n}: {run.error}")\n        tell("then {first.said}")\n'
CANCEL = '\n    on cancel:\n        tell("cancelled: {run.error}")\n'
ANY = '\n    on any:\n        tell("any")\n'


def planned(*handlers: str) -> Plan:
    return plan_of(HEAD + "".join(handlers))


def begun(plan: Plan, **given: int) -> Play:
    return Play(plan, {"n": 7}, **given)


def end(play: Play) -> tuple[str, str]:
    return play.outcome.state, play.outcome.error


def finished(play: Play) -> list[FinishRun]:
    return [each for each in play.commands if isinstance(each, FinishRun)]


def test_a_failed_run_runs_its_handlers_and_stays_failed() -> None:
    play = begun(planned(FAILURE, CANCEL, ANY))
    play.fail()
    assert play.asked == ["p/a", "p/on_failure/first"]
    assert play.outcome is None
    play.succeed(said="x")
    assert play.asked[2:] == ["p/on_failure/tell"]
    play.succeed(said="y")
    assert play.asked[3:] == ["p/on_any/tell"]
    play.succeed(said="z")
    assert end(play) == ("failed", "p/a (attempt 1) failed: broken")
    assert len(finished(play)) == 1


def test_the_error_of_the_run_is_a_value_in_its_handlers() -> None:
    play = begun(planned(FAILURE))
    play.fail()
    assert play.run.root is not None
    [call] = play.run.root.active.values()
    assert call.args == {"text": "7: p/a (attempt 1) failed: broken"}  # type: ignore[union-attr]


def test_a_run_that_succeeds_keeps_its_outputs_whatever_its_handler_does() -> None:
    play = begun(planned(FAILURE, ANY))
    play.succeed(y=3)
    assert play.asked == ["p/a", "p/on_any/tell"]
    play.fail()
    assert end(play) == ("succeeded", "")
    assert finished(play)[0].outcome.outputs == {"y": 3}
    assert any("on any" in error for error in play.run.errors)


def test_a_cancelled_run_runs_the_handler_of_cancel_and_a_second_cancel_ends_that() -> None:
    play = begun(planned(FAILURE, CANCEL), most=0)
    play.hear(CancelRequested(by="ada"))
    assert play.ready == [("p/on_cancel/tell", 1)]
    play.hear(CancelRequested(by="bob"))
    assert end(play) == ("cancelled", "cancelled by ada")


def test_a_handler_begins_when_what_was_stopped_has_answered_or_its_grace_is_over() -> None:
    answers, silent = begun(planned(CANCEL)), begun(planned(CANCEL))
    for play in (answers, silent):
        play.hear(CancelRequested(by="ada"))
        assert play.asked == ["p/a"]
    answers.hear(AttemptFailed(instance="p/a", attempt=1, failure="preempted", message="stopped", ended_ms=answers.now))
    assert answers.asked == ["p/a", "p/on_cancel/tell"]
    while len(silent.asked) < 2:
        silent.wait()
    assert silent.now - 60_000 < 1_000_010
    assert silent.asked == ["p/a", "p/on_cancel/tell"]


def test_events_of_the_pipeline_change_nothing_in_a_handler() -> None:
    play = begun(planned(CANCEL))
    done = play.success()
    play.hear(CancelRequested(by="ada"))
    while len(play.asked) < 2:
        play.wait()
    assert play.asked == ["p/a", "p/on_cancel/tell"]
    play.hear(done)
    assert play.placed == [("p/on_cancel/tell", 1)]
    play.succeed(said="x")
    assert end(play)[0] == "cancelled"
    assert play.run.counts.succeeded == 1


def test_without_handlers_nothing_follows() -> None:
    play = begun(planned())
    play.fail()
    assert end(play)[0] == "failed"
    assert play.asked == ["p/a"]


def test_an_environment_that_was_given_up_is_built_anew_for_a_handler_under_a_number_of_its_own() -> None:
    """The attempt that was given up may be at work all the same."""
    text = HEAD.replace("task work(x: Int) -> (y: Int):\n", 'task work(x: Int) -> (y: Int):\n    packages = ["six"]\n')
    play = begun(plan_of(text + "\n    on failure:\n        work(1)\n"))
    [(build, number)] = play.placed
    [chunk] = play.run.chunks
    play.hear(ChunkRefused(chunk=chunk, why="no such image"))
    assert (number, play.placed) == (1, [(build, 2)])
    play.succeed(archive="environments/six.tar")
    assert play.placed == [("p/on_failure/work", 1)]
