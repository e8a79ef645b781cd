"""How much a run has left behind each attempt that asks for a place."""

from __future__ import annotations

from typing import Any

from econda_edsl.compile import compile_source

from econda_cloud.run.ranks import FIRST
from econda_cloud.run.step import step
from econda_cloud.wire.commands import RequestPlacement
from econda_cloud.wire.demand import UNKNOWN_TIME_MS
from econda_cloud.wire.events import AttemptSucceeded, RunStarted

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
    """The rank of each attempt that was asked for, when the instances in `results` have succeeded, in this order."""
    lines = "\n".join(f"    {line}" for line in steps.strip().splitlines())
    compiled = compile_source(f"{TASKS}{lines}\n")
    assert compiled.plan is not None, compiled.render(color=False)
    start = RunStarted(run="r", namespace="n", plan=compiled.plan.digest, params={"n": 5, **params}, seed=1)
    state, commands = step(compiled.plan, None, [start], 1)
    for name in results:
        done = AttemptSucceeded(instance=name, attempt=1, outputs={"y": 7}, started_ms=1, ended_ms=2)
        state, more = step(compiled.plan, state, [done], 2)
        commands += more
    asked = [command for command in commands if isinstance(command, RequestPlacement)]
    return {name.removeprefix("p/"): each.rank for each in asked for name, _ in each.items}


def test_the_longest_chain_counts():
    steps = """
a = work(ms = 10)
b = work(ms = 100, w = a.y)
c = work(ms = 30, w = a.y)
d = work(ms = 5, w = b.y + c.y)
return y = d.y
"""
    assert ranks(steps) == {"a": 115}
    assert ranks(steps, "p/a") == {"a": 115, "b": 105, "c": 35}


def test_times_may_depend_on_parameters_and_what_depends_on_results_is_guessed():
    steps = "a = some()\nb = work(ms = n, w = a.y)\nc = work(ms = b.y)\nreturn y = c.y"
    assert ranks(steps, n=70) == {"a": UNKNOWN_TIME_MS + 70 + UNKNOWN_TIME_MS}
    assert ranks(steps, "p/a", "p/b", n=70)["c"] == 7


def test_a_steps_own_time_counts():
    assert ranks("a = some() with time = 2s\nb = some(w = a.y) with time = 3s\nreturn y = b.y") == {"a": 5_000}


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
    compiled = compile_source(f"{text}    a = some()\n    return y = a.y\n")
    assert compiled.plan is not None, compiled.render(color=False)
    start = RunStarted(run="r", namespace="n", plan=compiled.plan.digest, params={"n": 5}, seed=1)
    _, commands = step(compiled.plan, None, [start], 1)
    assert [each.rank for each in commands if isinstance(each, RequestPlacement)] == [FIRST]
