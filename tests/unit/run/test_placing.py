"""What of all that is ready begins in which slots of the run's grants, and in chunks of what size."""

from __future__ import annotations

import msgspec
import pytest

from econda_cloud.wire.commands import Dispatch, TellBroker
from econda_cloud.wire.events import AttemptFailed, ChunkLost, GrantsSet
from tests.play import Play, plan_of

TASK = """edsl 1

task one(x: Int) -> (y: Int):
    run python:
        y = x

"""
FAN = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    a = one(1)
    f = foreach i in 1..20:
        b = one(i + a.y)
        gather b.y
    return n = len(f.done)
""")
SEQUENCE = {"array": False, "chunk_max": 20}


def chunks(commands) -> list[int]:
    """How many attempts each chunk takes that is handed over."""
    return [len(each.items) for each in commands if isinstance(each, Dispatch)]


def begun(lent: int, **grant) -> Play:
    """A run whose fan is ready, and of which the broker has lent so many slots in answer to that."""
    play = Play(FAN, most=1, grant={**SEQUENCE, **grant})
    play.most = lent
    play.succeed("p/a")
    return play


def test_chunks_are_spread_over_all_slots_there_are():
    play = begun(4)
    # One had begun in the slot that the run had, before the broker knew of the others.
    assert chunks(play.commands) == [1, 1, 7, 6, 6]
    assert play.ready == []


def test_what_the_broker_does_not_know_of_is_not_put_into_the_one_slot_that_is_there():
    play = Play(FAN, most=1, grant=SEQUENCE)
    play.most = 0
    commands = play.succeed("p/a")
    assert chunks(commands) == [1]
    [told] = [each.told for each in commands if isinstance(each, TellBroker)]
    assert [(want.ready, sum(want.held.values())) for want in told.wants] == [(19, 1)]


def test_when_there_is_no_more_room_long_chunks_are_made():
    play = Play(FAN, most=1, grant=SEQUENCE)
    play.succeed("p/a")
    assert chunks(play.commands) == [1, 1]
    assert len(play.run.telling.open) == 1
    assert chunks(play.succeed(play.placed[0][0])) == [19]


def test_an_array_takes_a_slot_for_each():
    play = begun(8, array=True, chunk_max=5)
    assert chunks(play.commands)[1:] == [1, 5, 2]
    assert sum(play.run.used.values()) == 8
    assert len(play.ready) == 12


def test_a_grant_that_is_over_lends_nothing_new_and_what_runs_in_it_goes_on():
    play = begun(1, until_ms=1_000_900)
    assert len(play.placed) == 1
    commands = play.succeed(play.placed[0][0], at=1_000_899)
    assert chunks(commands) == [19]
    again = Play(FAN, most=1, grant={**SEQUENCE, "until_ms": 1_000_900})
    again.succeed("p/a", at=1_000_100)
    assert len(again.placed) == 1
    again.most = 0
    commands = again.succeed(again.placed[0][0], at=1_000_900)
    assert chunks(commands) == []
    assert len(again.ready) == 19
    # It asks for more, and gives back what it has.
    [told] = [each.told for each in commands if isinstance(each, TellBroker)]
    assert [(want.ready, want.held) for want in told.wants] == [(19, {})]
    assert again.run.grants == {}


def test_what_runs_past_the_end_of_its_grant_goes_on():
    play = Play(FAN, most=1, grant={**SEQUENCE, "until_ms": 1_000_900})
    play.wait(2_000_000)
    assert play.placed == [("p/a", 1)]


def test_who_was_lost_with_others_runs_alone():
    play = begun(1)
    play.most = 1
    play.succeed(play.placed[0][0])
    [name] = play.run.chunks
    assert len(play.run.chunks[name].open) == 19
    play.hear(ChunkLost(chunk=name, failure="lost", message="gone"))
    play.commands.clear()
    play.wait()
    assert chunks(play.commands) == [1]


@pytest.mark.parametrize("late", [False, True])
def test_what_the_broker_said_before_is_no_longer_true_when_it_says_something_newer(late):
    play = Play(FAN, most=0, grant=SEQUENCE)
    told = play.told[-1]
    play.most = 1
    first = play.lent(told)
    newer = play.lent(told, grants=())
    play.most = 0
    for answer in (newer, first) if late else (first, newer):
        play.hear(answer)
    assert len(play.placed) == (0 if late else 1)
    assert play.run.grants == {}


def test_an_answer_to_what_was_told_before_is_not_heard():
    """What the run has given back since may be lent to others."""
    play = Play(FAN, most=1, grant=SEQUENCE)
    old = play.lent(play.told[-1])
    play.most = 0
    play.succeed("p/a")
    assert play.run.telling.version > old.told
    before = msgspec.to_builtins(play.run.grants)
    play.hear(old)
    assert msgspec.to_builtins(play.run.grants) == before


def test_a_slot_is_free_when_the_last_of_a_sequence_and_each_of_an_array_has_ended():
    sequence, array = begun(2), begun(20, array=True)
    before = sum(sequence.run.used.values())
    sequence.succeed("p/f[1]/b")
    assert sum(sequence.run.used.values()) == before
    before = sum(array.run.used.values())
    array.hear(AttemptFailed(instance="p/f[1]/b", attempt=1, failure="preempted", message="", ended_ms=array.now))
    assert sum(array.run.used.values()) == before - 1


UNLIKE = plan_of(f"""{TASK}pipeline p() -> (n: Int):
    a = one(1)
    x = one(2)
    b = one(a.y) with time = 10min
    return n = x.y + b.y
""")


def test_a_slot_in_which_another_class_stands_in_is_not_used_twice_when_the_broker_lends_it_anew():
    play = Play(UNLIKE, most=2, grant={"array": False, "chunk_max": 1})
    [grant] = play.run.grants.values()
    play.most = 0
    play.succeed("p/a")
    assert play.placed == [("p/x", 1), ("p/b", 1)]
    assert sum(play.run.used.values()) == grant.slots == 2
    # The broker does not know of that yet, and lends the class of `a` as much as it had.
    play.hear(GrantsSet(version=99, told=play.run.telling.version, grants=(grant,)))
    assert [each.slots for each in play.run.grants.values()] == [1]
