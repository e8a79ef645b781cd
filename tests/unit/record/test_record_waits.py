"""Why an instance waited, and why one has not begun, read off the run's log."""

from __future__ import annotations

import pytest

from econda_cloud.record.not_begun import skipped_as, waits_for
from econda_cloud.record.waits import behind, waits_of
from econda_cloud.wire.entries import decode_entry
from econda_cloud.wire.grants import Fullness, Standing
from tests.play import Play, plan_of

HEAD = """edsl 1

task t(x: Int) -> (y: Int):
    needs:
        time = 1h
    run python:
        y = x

"""
FAN = plan_of(f"""{HEAD}pipeline p() -> (n: Int):
    f = foreach i in 0..3:
        a = t(i)
        gather a.y
    return n = len(f.done)
""")
FULL = (Fullness(offer="x", slots=(1, 1), ahead=3),)
FULLER = (Fullness(offer="x", slots=(1, 1), ahead=9),)


def waiting(play: Play, offers: tuple[Fullness, ...], *, at: int) -> None:
    """The broker answers what it was told last, and says how the offers stand."""
    told = play.told[-1]
    classes = tuple(want.demand.key for want in told.wants)
    standing = tuple(Standing(demand=key, offers=offers) for key in classes)
    play.hear(play.lent(told, open=classes, waiting=standing), at=at)


def waits(play: Play, instance: str):
    return waits_of(play.plan, map(decode_entry, play.records), instance)


@pytest.fixture
def play() -> Play:
    """One slot for four attempts."""
    return Play(FAN, most=1, grant={"array": False, "chunk_max": 1})


def test_what_the_broker_said_first_and_last_is_told_with_who_held_what(play):
    waiting(play, FULL, at=2_000_000)
    waiting(play, FULLER, at=3_000_000)
    [wait] = waits(play, "p/f[3]/a")
    assert (wait.attempt, wait.until_ms) == (1, 0)
    assert [(each.at_ms, each.standing.offers) for each in wait.heard] == [(2_000_000, FULL), (3_000_000, FULLER)]
    assert [each.own_ahead for each in wait.heard] == [2, 2]
    assert wait.heard[0].holders == ("p/f[0]/a",)


def test_a_wait_ends_where_a_place_is_found(play):
    waiting(play, FULL, at=2_000_000)
    play.succeed("p/f[0]/a", at=2_500_000, y=1)
    [wait] = waits(play, "p/f[1]/a")
    assert wait.until_ms >= 2_500_000
    assert wait.heard[0].standing.offers == FULL
    [later] = waits(play, "p/f[3]/a")
    assert later.until_ms == 0


def test_what_was_placed_at_once_waited_for_nothing(play):
    assert all(not wait.heard for wait in waits(play, "p/f[0]/a"))
    assert waits(play, "p/f[0]/b") == []


def test_in_a_sequence_the_later_ones_are_behind_the_earlier_ones():
    play = Play(FAN, most=1, grant={"array": False, "chunk_max": 9, "chunk_ms": 10**9})
    assert behind(play.run, "p/f[2]/a") == ["p/f[0]/a", "p/f[1]/a"]
    assert behind(play.run, "p/f[0]/a") == []
    assert behind(Play(FAN).run, "p/f[2]/a") == []


SOURCE = f"""{HEAD}pipeline p(n: Int = 1) -> (y: Int):
    a = t(n)
    few = foreach i in 0..5 with parallel = 2:
        b = t(i)
        gather b.y
    when n > 5:
        c = t(1)
        d = c.y
    else when n > 3:
        many = foreach i in 0..3:
            e = t(i)
            gather e.y
        d = len(many.done)
    else:
        d = 0
    z = t(a.y + len(few.done))
    return y = z.y + d
"""
STEPS = plan_of(SOURCE)


def test_what_has_not_begun_says_what_it_comes_after_and_how_far_its_fan_is():
    play = Play(STEPS, {"n": 1})
    assert waits_for(STEPS, play.run, "p/z") == "it comes after a, few, which have not ended"
    play.succeed("p/a", y=1)
    assert waits_for(STEPS, play.run, "p/z") == "it comes after few, which has not ended"
    said = waits_for(STEPS, play.run, "p/few[4]/b")
    assert said == "its `foreach` has begun 2 of 6 members, and has at most 2 at once (`parallel`); 2 come before it"
    for unknown in ("p/nothing", "p/few[99]/b", "p/few/b", "p/few[4]/nothing/more", "p/few[0]/b", "q"):
        assert "comes after" not in waits_for(STEPS, play.run, unknown)


def test_what_was_skipped_says_which_branch_was_taken():
    play = Play(STEPS, {"n": 1})
    line = next(number for number, text in enumerate(SOURCE.splitlines(), 1) if text.strip().startswith("when"))
    taken = f"of 3 of the `when` on line {line} was not taken, branch 3, its `else`, was"
    assert play.run.skipped == {"p/when/c": f"branch 1 {taken}", "p/when/many/e": f"branch 2 {taken}"}
    assert skipped_as(play.run, "p/when/many[2]/e") == "p/when/many/e"
    assert skipped_as(play.run, "p/few[0]/b") is None
    second = Play(STEPS, {"n": 4})
    assert "branch 2 was" in second.run.skipped["p/when/c"]


def test_a_when_without_an_else_may_take_none():
    plan = plan_of(f"""{HEAD}pipeline p(n: Int = 1):
    when n > 5:
        t(1)
    t(2)
""")
    [reason] = Play(plan, {"n": 1}).run.skipped.values()
    assert reason.endswith("was not taken, none was")
