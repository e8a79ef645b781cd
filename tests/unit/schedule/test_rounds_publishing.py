"""Outputs that cannot be handed over to be published: tried again for that run, and no other waits."""

from __future__ import annotations

import json

import pytest

from econda_cloud.schedule import run_history
from econda_cloud.wire.events import Published
from tests.unit.schedule.team import TASK, Team, plan_of

PLAN = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    a = one(1)
    with:
        publish = "s3://team-bucket/{{run}}"
    return n = a.y
""")


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Plans are remembered by digest; here each run has to have its own."""
    monkeypatch.setattr(run_history, "_KNOWN", {})


def test_one_that_cannot_be_handed_over_harms_no_other_and_is_handed_over_when_its_message_comes_again():
    away = {"bad"}

    def effect(name: str, run: str) -> None:
        if name == "publish" and run in away:
            raise ConnectionError("503")

    team = Team(PLAN, effect=effect)
    team.begun("good", "bad")
    batch = [(run, team.results(run, 2_000)) for run in ("good", "bad")]
    outcomes = team.take(batch, 2_000)
    assert (outcomes.done, list(outcomes.later)) == (["good"], ["bad"])
    assert team.publishing == [("good", "s3://team-bucket/good")]
    assert json.loads(team.blobs.get("runs/n/bad/status.json"))["state"] == "succeeded"
    away.clear()
    team.take(batch[1:], 3_000, again=True)
    assert team.publishing[1:] == [("bad", "s3://team-bucket/bad")]


def test_the_status_says_what_became_of_it():
    team = Team(PLAN)
    team.begun("r")
    team.take([("r", team.results("r", 2_000))], 2_000)
    status = json.loads(team.blobs.get("runs/n/r/status.json"))
    assert status["published"] == {"state": "publishing", "to": "s3://team-bucket/r", "files": {}, "error": ""}
    team.take([("r", [Published(to="s3://team-bucket/r", files={"n": "s3://team-bucket/r/n.json"})])], 3_000)
    status = json.loads(team.blobs.get("runs/n/r/status.json"))
    assert (status["state"], status["published"]["state"]) == ("succeeded", "published")
    assert status["published"]["files"] == {"n": "s3://team-bucket/r/n.json"}
