"""The benches in virtual time are of the deployed code, so they have to follow it."""

from __future__ import annotations

from bench.team import team
from bench.virtual_links import gaps


def test_a_small_team_loses_no_append():
    found = team(60, 3)
    assert found["events"] >= 60 * 60
    assert found["appends_lost"] == 0
    assert found["events_per_second"] > 0


def test_a_chain_goes_on_in_its_place():
    assert len(gaps(20)) >= 18
