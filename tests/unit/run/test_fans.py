"""Fans however wide, and in each other: a bounded number of members is at work, and all of them end."""

from __future__ import annotations

import pytest

from econda_cloud.run.expand import FAN_MOST, WINDOW
from econda_cloud.run.state import encode_state
from econda_cloud.wire.entries import Begun
from econda_cloud.wire.events import AttemptSucceeded
from tests.play import Play, plan_of

TASK = """edsl 1

task t(x: Int) -> (y: Int):
    needs:
        time = 1s
    run python:
        y = x

"""
NESTED = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    f = foreach i in 1..450:
        g = foreach j in 1..450:
            a = t(j)
            gather a.y
        gather len(g.done)
    return n = sum(f.done)
""")
SMALL = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    f = foreach i in 1..40:
        g = foreach j in 1..40:
            a = t(j)
            gather a.y
        gather len(g.done)
    return n = sum(f.done)
""")
WIDE = plan_of(f"""{TASK}pipeline p(m: Int) -> (n: Int):
    f = foreach i in range(m), j in range(m) up to m * m:
        a = t(i)
        gather a.y
    return n = len(f.done)
""")


def most_at_once(play: Play, turn: int = 500) -> int:
    """Let every attempt succeed, so many at once; the greatest number of members at work after any record."""
    most = play.run.live
    while play.outcome is None:
        done = play.placed[:turn]
        assert done, "nothing is at work, and it has not ended"
        play.hear(*(AttemptSucceeded(instance=i, attempt=n, outputs={"y": 1}, started_ms=0, ended_ms=1) for i, n in done))  # fmt: skip
        most = max(most, play.run.live)
    return most


def test_a_fan_of_fans_begins_a_bounded_number_of_members_at_once():
    play = Play(NESTED, most=0)
    # One of each may always begin, or they would wait for each other.
    assert WINDOW <= play.run.live <= WINDOW + 2 * 450
    assert len(play.ready) <= play.run.live
    assert len(encode_state(play.run)) < 4_000_000
    assert sum(d.members for d in play.entries[0].decisions if isinstance(d, Begun)) == play.run.live


def test_all_members_of_a_fan_of_fans_end(monkeypatch):
    monkeypatch.setattr("econda_cloud.run.expand.WINDOW", 64)
    play = Play(SMALL, grant={"array": True, "chunk_max": 10_000})
    most = most_at_once(play, 50)
    assert play.outcome.outputs == {"n": 1_600}
    assert most <= 64 + 2 * 40


@pytest.mark.parametrize("window", [1, 7])
def test_fans_three_deep_end_however_small_the_window_is(monkeypatch, window):
    monkeypatch.setattr("econda_cloud.run.expand.WINDOW", window)
    small = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    f = foreach i in 1..5:
        g = foreach j in 1..5:
            h = foreach k in 1..5:
                a = t(k)
                gather a.y
            gather len(h.done)
        gather sum(g.done)
    return n = sum(f.done)
""")
    play = Play(small)
    assert most_at_once(play, 2) <= window + 3 * 5
    assert play.outcome.outputs == {"n": 125}


def test_a_bound_of_its_own_holds_as_well():
    plan = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    f = foreach i in 1..30 with parallel = 4:
        a = t(i)
        gather a.y
    return n = len(f.done)
""")
    play = Play(plan)
    assert most_at_once(play, 3) == 4


@pytest.mark.parametrize("side", [1_000_000, 4_000])
def test_a_fan_of_more_members_than_can_be_held_is_refused_and_the_run_says_why(side):
    play = Play(WIDE, {"m": side}, most=0)
    assert play.outcome.state == "failed"
    assert f"{side * side:,} elements are more than a fan may have ({FAN_MOST:,})" in play.outcome.error
    assert len(encode_state(play.run)) < 100_000


def test_a_wide_fan_is_held_as_a_byte_each():
    play = Play(WIDE, {"m": 1_000}, most=0)
    assert play.run.live == WINDOW
    assert 1_000_000 < len(encode_state(play.run)) < 3_000_000
