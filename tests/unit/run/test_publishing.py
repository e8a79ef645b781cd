"""Where a run publishes its outputs, and what it makes of what it hears of that."""

from __future__ import annotations

import pytest

from econda_cloud.run.pending import pending
from econda_cloud.wire.commands import FinishRun, Publish, ShowStatus
from econda_cloud.wire.events import Published
from tests.play import Play, plan_of

SOURCE = """edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p(site: String = "north") -> (y: Int):
    a = t(1)
    with:
        publish = "s3://team-bucket/{pipeline}/{site}/{date}/{run}"
    return y = a.y
"""
PLAN = plan_of(SOURCE)
PLACE = "s3://team-bucket/p/north/1970-01-01/r"
DONE = Published(to=PLACE, files={"y": f"{PLACE}/y.json"})
FAILED = Published(to=PLACE, error="NoSuchBucket")


def ended(**params: str) -> Play:
    play = Play(PLAN, params or {"site": "north"})
    play.succeed("p/a", y=1)
    assert play.outcome.state == "succeeded"
    return play


def asked(play: Play) -> list[str]:
    return [each.to for each in play.commands if isinstance(each, Publish)]


def test_a_run_that_succeeds_asks_for_its_outputs_to_be_copied_after_its_end_is_told():
    play = ended()
    assert asked(play) == [PLACE]
    kinds = [type(each) for each in play.commands]
    assert kinds.index(FinishRun) < kinds.index(Publish)


def test_what_it_hears_is_kept_and_shown_and_changes_nothing_of_its_end():
    play = ended()
    assert [type(each) for each in play.hear(DONE)] == [ShowStatus]
    assert play.run.published == DONE
    assert play.hear(DONE) == []
    assert play.hear(FAILED) == []
    assert (play.run.published, play.outcome.state) == (DONE, "succeeded")


def test_a_failure_is_kept_until_another_try_has_succeeded():
    play = ended()
    play.hear(FAILED)
    assert (play.run.published, play.outcome.state, play.outcome.outputs) == (FAILED, "succeeded", {"y": 1})
    play.hear(DONE)
    assert play.run.published == DONE


def test_whoever_takes_it_over_asks_again_until_it_has_heard():
    play = ended()
    assert Publish(to=PLACE) in pending(play.run, play.run.finished_seq - 1)
    play.hear(DONE)
    assert Publish(to=PLACE) not in pending(play.run, play.run.finished_seq - 1)


@pytest.mark.parametrize("site", ["../../other", "", ".."])
def test_an_input_that_would_lead_elsewhere_is_told_and_not_followed(site):
    play = ended(site=site)
    assert asked(play) == []
    assert play.outcome.state == "succeeded"
    assert play.run.published is not None
    assert "cannot be published there" in play.run.published.error


def test_a_run_that_fails_publishes_nothing():
    play = Play(PLAN, {"site": "north"})
    play.fail("p/a")
    assert play.outcome.state == "failed"
    assert asked(play) == []
    play.hear(DONE)
    assert play.run.published is None
