"""When the broker is told anew: where it makes a difference, and not for each attempt."""

from __future__ import annotations

import pytest

from econda_cloud.money.prices import Price
from econda_cloud.run.blocks import program_of
from econda_cloud.run.state import Group, RunState, Telling
from econda_cloud.run.telling import has_news
from econda_cloud.run.work import Work
from econda_cloud.wire.commands import TellBroker
from econda_cloud.wire.events import GrantsSet, TimerFired
from econda_cloud.wire.grants import Grant
from econda_cloud.wire.outcome import Outcome
from tests.play import Play, plan_of

FAN = plan_of("""edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    f = foreach i in 1..64:
        a = t(i)
        gather a.y
    return n = len(f.done)
""")
NOW = 100_000


def grant(slots: int, until_ms: int) -> Grant:
    return Grant(demand="d", pool="x", offer="x", slots=slots, until_ms=until_ms, price=Price())


def state_of(
    *, ready: int, known: int, version: int, answered: int, open_: bool, slots: int, used: int, over: bool
) -> RunState:
    state = RunState(run="r", namespace="n", plan=FAN.digest, seed=1, params={}, started_ms=0, now=NOW)
    if ready:
        state.groups["g"] = Group(demand="d", task="t", items={f"p/f[{n}]/a": 1 for n in range(ready)})
    told = Telling(version=version, answered=answered, ready={"d": known} if known else {}, open=["d"] if open_ else [])
    state.telling = told
    if slots:
        lent = grant(slots, NOW if over else NOW + 1)
        state.grants[lent.key] = lent
        state.used = {lent.key: used} if used else {}
    return state


def row(ready, known, version=1, answered=1, open_=False, slots=0, used=0, over=False):
    return {"ready": ready, "known": known, "version": version, "answered": answered, "open_": open_, "slots": slots,
            "used": used, "over": over}  # fmt: skip


TABLE = {
    "nothing was ever wanted": (row(0, 0, version=0, answered=0), False),
    "the first that is wanted": (row(1, 0, version=0, answered=0), True),
    # It was told, and has not answered yet.
    "the answer is on its way": (row(5, 5, version=2, answered=1), False),
    "a little more, before the answer": (row(9, 5, version=2, answered=1), False),
    "twice as many, before the answer": (row(10, 5, version=2, answered=1), True),
    "another class, before the answer": (row(1, 0, version=2, answered=1), True),
    "much is idle, before the answer": (row(0, 5, version=2, answered=1, slots=8, used=0), False),
    # It has answered.
    "it knows that more is wanted": (row(5, 9, open_=True, slots=4, used=4), False),
    "it knows of not half of it": (row(18, 9, open_=True, slots=4, used=4), True),
    "it gave all that it was told, and now there is more": (row(1, 9, slots=4, used=4), True),
    "what it gave is over": (row(5, 9, open_=True, slots=4, used=1, over=True), True),
    "it waits for nothing any more": (row(0, 9, open_=True, slots=4, used=4), True),
    "all that is lent is in use": (row(0, 9, slots=4, used=4), False),
    "a quarter is idle": (row(0, 9, slots=4, used=3), False),
    "half is idle": (row(0, 9, slots=4, used=2), True),
    "all is idle": (row(0, 9, slots=1, used=0), True),
    "idle, but something is ready": (row(3, 9, open_=True, slots=4, used=0), False),
    "nothing is held and nothing wanted": (row(0, 9), False),
}


@pytest.mark.parametrize(("about", "news"), TABLE.values(), ids=TABLE)
def test_what_is_news(about, news):
    work = Work(program_of(FAN), state_of(**about), NOW)
    assert has_news(work) is news


@pytest.mark.parametrize(("version", "over", "news"), [(0, False, False), (3, False, True), (3, True, False)])
def test_the_end_of_a_run_is_told_once_to_a_broker_that_knows_it(version, over, news):
    state = state_of(**row(0, 9, version=version, answered=version))
    state.telling.over, state.outcome = over, Outcome(state="succeeded")
    assert has_news(Work(program_of(FAN), state, NOW)) is news


def test_the_end_of_a_fan_is_told_in_a_few_steps_and_not_for_each_attempt():
    play = Play(FAN)
    play.told.clear()
    while play.outcome is None:
        play.succeed()
    assert play.told[-1].over
    assert 3 <= len(play.told) <= 10
    held = [sum(sum(want.held.values()) for want in told.wants) for told in play.told]
    assert held == sorted(held, reverse=True)


def test_the_broker_is_told_all_of_it_each_time():
    play = Play(FAN, most=4)
    first = play.told[0]
    assert [(want.ready, want.held) for want in first.wants] == [(64, {})]
    assert first.version == 1
    play.wait(play.now + 10)
    assert play.run.telling.words == first, "its words are kept as they were, to be told again"


def test_what_is_told_is_given_back_before_the_answer_comes():
    play = Play(FAN)
    play.most = 0
    while len(play.told) == 1:
        play.succeed()
    [lent] = play.run.grants.values()
    assert lent.slots == len(play.placed) == sum(play.run.used.values())
    assert lent.slots <= 32


def test_a_run_that_was_told_of_after_its_end_says_again_that_it_is_over():
    play = Play(FAN)
    while play.outcome is None:
        play.succeed()
    last = play.told[-1]
    commands = play.hear(GrantsSet(version=99, told=last.version))
    [again] = [each.told for each in commands if isinstance(each, TellBroker)]
    assert again.over
    assert again.version > last.version
    assert [each for each in play.hear(TimerFired()) if isinstance(each, TellBroker)] == []
