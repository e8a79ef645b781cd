"""How much a run has left behind each attempt that asks for a place."""

from __future__ import annotations

from typing import Any

from econda_cloud.run.ranks import FIRST
from econda_cloud.wire.demand import UNKNOWN_TIME_MS, rounded_ms
from econda_cloud.wire.events import AttemptSucceeded
from tests.play import Play, plan_of

TASKS = """edsl 1

task work(ms: Int, w: Int = 0) -> (y: Int):
    needs:
        time = 1ms * ms
    run python:
        y = ms

task some(w: Int = 0) -> (y: Int):
    run python:
        y = 1

pipeline p(n: Int = 5) -> (y: Int):
"""


def ranks(steps: str, *results: str, **params: Any) -> dict[str, int]:
    """The rank of each class that waits, by its instances, as these in `results` succeed one after another."""
    lines = "\n".join(f"    {line}" for line in steps.strip().splitlines())
    play, found = Play(plan_of(f"{TASKS}{lines}\n"), {"n": 5, **params}, most=0), dict[str, int]()
    _note(play, found)
    for name in results:
        play.hear(AttemptSucceeded(instance=name, attempt=1, outputs={"y": 7}, started_ms=0, ended_ms=1))
        _note(play, found)
    return found


def _note(play: Play, found: dict[str, int]) -> None:
    for group in play.run.groups.values():
        for instance in group.items:
            found.setdefault(instance.removeprefix("p/"), group.rank)


def test_the_longest_chain_counts():
    steps = """
a = work(ms = 10)
b = work(ms = 100, w = a.y)
c = work(ms = 30, w = a.y)
d = work(ms = 5, w = b.y + c.y)
return y = d.y
"""
    assert ranks(steps) == {"a": 115}
    assert ranks(steps, "p/a") == {"a": 115, "b": rounded_ms(100) + 5, "c": rounded_ms(30) + 5}


def test_times_may_depend_on_parameters_and_what_depends_on_results_is_guessed():
    steps = "a = some()\nb = work(ms = n, w = a.y)\nc = work(ms = b.y)\nreturn y = c.y"
    assert ranks(steps, n=70) == {"a": UNKNOWN_TIME_MS + 70 + UNKNOWN_TIME_MS}
    assert ranks(steps, "p/a", "p/b", n=70)["c"] == 7


def test_a_steps_own_time_counts():
    assert ranks("a = some() with time = 2s\nb = some(w = a.y) with time = 3s\nreturn y = b.y") == {
        "a": rounded_ms(2_000) + 3_000
    }


def test_blocks_count_with_the_longest_chain_inside():
    steps = """
many = foreach x in range(3):
    a = work(ms = 10)
    b = work(ms = 20, w = a.y)
    gather b.y
when n > 3:
    c = work(ms = 40, w = len(many.done))
    last = c.y
else:
    last = 1
d = work(ms = 100, w = last)
return y = d.y
"""
    assert ranks(steps) == {f"many[{i}]/a": 170 for i in range(3)}


def test_an_environment_goes_before_all_that_waits_for_it():
    head = "task some(w: Int = 0) -> (y: Int):\n"
    text = TASKS.replace(head, head + '    packages = ["numpy"]\n')
    play = Play(plan_of(f"{text}    a = some()\n    return y = a.y\n"), {"n": 5}, most=0)
    [told] = play.told
    assert [want.rank for want in told.wants] == [FIRST]
