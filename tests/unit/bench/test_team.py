"""The bench of a team is of the deployed code, so it has to follow it."""

from __future__ import annotations

from bench.team import team


def test_a_small_team_loses_no_append():
    found = team(60, 3)
    assert found["events"] >= 60 * 60
    assert found["appends_lost"] == 0
    assert found["events_per_second"] > 0
