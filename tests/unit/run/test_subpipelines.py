"""Pipelines that run as steps: their names, their scope, their share of the budget and their deadline."""

from __future__ import annotations

from econda_cloud.money.prices import Price
from econda_cloud.run.downstream import steps_from
from tests.play import Play, plan_of

USD, HOUR = 1_000_000_000, 3_600_000
TASK = """edsl 1

task t(x: Int) -> (y: Int):
    needs:
        time = 1h
    run python:
        y = x

"""


def play(text: str, **more) -> Play:
    return Play(plan_of(TASK + text), **more)


PAIR = """pipeline twice(x: Int, more: Int = 5) -> (z: Int):
    a = t(x)
    b = t(a.y + more)
    return z = b.y + x

pipeline p(more: Int = 100) -> (r: Int):
    a = twice(2)
    c = t(a.z + more)
    return r = c.y
"""


def test_a_step_has_a_name_and_a_scope_of_its_own():
    run = play(PAIR, params={"more": 100})
    assert run.placed == [("p/a/a", 1)]
    run.succeed(y=10)
    assert run.placed == [("p/a/b", 1)]
    [chunk] = run.run.chunks
    run.succeed(y=20)
    # `more` inside is the pipeline's own, 5, and outside the run's parameter.
    assert run.placed == [("p/c", 1)]
    assert _args(run, "p/c") == {"x": 20 + 2 + 100}
    run.succeed(y=1)
    assert run.outcome.outputs == {"r": 1}
    assert chunk


def _args(run: Play, instance: str) -> dict[str, object]:
    from econda_cloud.run.blocks import program_of
    from econda_cloud.run.work import Work

    found = Work(program_of(run.plan), run.run, run.now).locate(instance)
    assert found is not None
    return found[1].args


def test_defaults_hold_and_what_may_be_missing_is_none():
    run = play("""pipeline inner(x: Int = 4, note: String?) -> (z: Int, told: Bool):
    a = t(x)
    return z = a.y, told = note != none

pipeline p() -> (r: Int, told: Bool):
    a = inner()
    return r = a.z, told = a.told
""")
    assert _args(run, "p/a/a") == {"x": 4}
    run.succeed(y=9)
    assert run.outcome.outputs == {"r": 9, "told": False}


RANGED = """pipeline inner(x: Int in 1..3) -> (z: Int):
    a = t(x)
    return z = a.y

pipeline p() -> (r: Int):
    first = t(1)
    a = inner(first.y)
    return r = a.z
"""


def test_a_value_that_is_computed_must_lie_in_the_range_of_the_input():
    run = play(RANGED)
    run.succeed(y=3)
    assert run.placed == [("p/a/a", 1)]
    run = play(RANGED)
    run.succeed(y=4)
    assert run.outcome.state == "failed"
    assert "p/a: `x` is 4, outside its range 1..3" in run.outcome.error


def test_so_must_one_that_is_given_to_a_task():
    run = play("""task u(x: Int in 1..3) -> (y: Int):
    run python:
        y = x

pipeline p() -> (r: Int):
    first = t(1)
    a = u(first.y)
    return r = a.y
""")
    run.succeed(y=0)
    assert "p/a: `x` is 0, outside its range 1..3" in run.outcome.error


def test_in_loops_and_branches_each_has_its_own():
    run = play("""pipeline inner(x: Int) -> (z: Int):
    a = t(x)
    return z = a.y

pipeline p() -> (r: Int):
    many = foreach i in 1..2:
        s = inner(i)
        gather s.z
    repeat up to 2:
        carry k: Int = 0
        s = inner(k)
        next k = s.z
    until k >= 7
    when k > 3:
        w = inner(k)
    else:
        w = inner(0)
    return r = sum(many.done) + w.z
""")
    assert set(run.placed) == {("p/many[0]/s/a", 1), ("p/many[1]/s/a", 1), ("p/repeat[1]/s/a", 1)}
    run.succeed("p/many[1]/s/a", y=20)
    run.succeed("p/many[0]/s/a", y=10)
    run.succeed("p/repeat[1]/s/a", y=1)
    run.succeed("p/repeat[2]/s/a", y=7)
    assert list(run.run.skipped) == ["p/when/w/a"]
    run.succeed("p/when/w/a", y=5)
    assert run.outcome.outputs == {"r": 35}


SHARED = """pipeline inner(x: Int) -> (z: Int):
    with:
        budget = $30
    a = t(x)
    b = t(a.y)
    return z = b.y

pipeline p() -> (r: Int):
    with:
        budget = $1000
    s = inner(1) with budget = $25
    o = t(1)
    return r = s.z + o.y
"""


def test_a_share_counts_what_is_below_its_step_only():
    run = play(SHARED, grant={"price": Price(per_hour=10 * USD)})
    run.succeed("p/o", lasted=5 * HOUR)
    assert run.run.spent == 50 * USD
    assert run.outcome is None
    run.succeed("p/s/a", at=run.now, lasted=1 * HOUR)
    assert run.run.shares["p/s"].spent == 10 * USD
    assert run.placed == [("p/s/b", 1)]
    run.succeed("p/s/b", at=run.now, lasted=1 * HOUR)
    assert run.outcome.state == "succeeded"
    assert run.run.shares == {}


def test_what_would_exceed_a_share_is_not_placed():
    """The tighter of the pipeline's own budget and that of the step holds: $25."""
    run = play(SHARED, grant={"price": Price(per_hour=20 * USD)})
    run.succeed("p/o", lasted=1)
    run.succeed("p/s/a", at=run.now, lasted=HOUR)
    assert run.outcome.state == "failed"
    assert run.outcome.error == ("p/s: budget: its share of $25.00 would be exceeded, $40.39 is spent or committed")
    assert "p/s/b" not in run.asked


def test_what_takes_longer_than_expected_is_stopped_when_it_has_used_the_share_up():
    run = play(SHARED, grant={"price": Price(per_hour=10 * USD)})
    run.succeed("p/o", lasted=1)
    while run.outcome is None and run.run.ending is None:
        assert run.run.wake_ms, "nobody looks"
        run.wait(run.run.wake_ms)
    assert 2.5 * HOUR <= run.now - 1_000_000 <= 2.6 * HOUR
    assert "p/s: budget: its share of $25.00 would be exceeded" in (run.run.ending or run.outcome).error


def test_a_loop_may_tolerate_a_member_whose_share_does_not_last():
    run = play("""pipeline inner(x: Int) -> (z: Int):
    a = t(x)
    return z = a.y

pipeline p() -> (r: Int):
    many = foreach i in 1..2 with tolerate = 50%:
        s = inner(i) with budget = $5
        gather s.z
    return r = sum(many.done)
""", grant={"price": Price(per_hour=4 * USD), "array": False, "chunk_max": 1})  # fmt: skip
    assert set(run.run.shares) == {"p/many[0]/s", "p/many[1]/s"}
    run.succeed("p/many[0]/s/a", at=run.now + HOUR // 2, lasted=HOUR // 2, y=3)
    assert set(run.run.shares) == {"p/many[1]/s"}
    run.wait(run.now + 2 * HOUR)
    assert run.run.shares == {}
    [stop] = run.run.stopping.values()
    run.hear(run.success("p/many[1]/s/a", lasted=2 * HOUR))
    assert stop.item[0] == "p/many[1]/s/a"
    assert run.outcome.outputs == {"r": 3}


def test_a_deadline_ends_the_step_and_not_what_is_beside_it():
    text = """pipeline inner(x: Int) -> (z: Int):
    with:
        deadline = 2h
    a = t(x)
    return z = a.y

pipeline p() -> (r: Int):
    many = foreach i in 1..2 with tolerate = 50%:
        s = inner(i)
        gather s.z
    return r = sum(many.done)
"""
    run = play(text)
    run.succeed("p/many[0]/s/a", y=3)
    run.wait(run.now + 2 * HOUR)
    assert run.run.errors == ["p/many[1]/s: deadline: the pipeline took longer than its deadline allows"]
    run.hear(run.success("p/many[1]/s/a", lasted=2 * HOUR))
    assert run.outcome.outputs == {"r": 3}


def test_the_deadline_of_a_step_that_is_over_wakes_nobody():
    run = play("""pipeline inner(x: Int) -> (z: Int):
    a = t(x)
    return z = a.y

pipeline p() -> (r: Int):
    s = inner(1) with deadline = 10min
    o = t(s.z)
    return r = o.y
""")
    run.succeed("p/s/a", y=3)
    assert all(name != "p/s" for _, _, name, _ in run.run.timers)
    run.wait(run.now + HOUR)
    assert run.outcome is None


def test_what_comes_after_a_step_comes_after_all_that_is_in_it():
    plan = plan_of(TASK + PAIR)
    assert steps_from(plan, "p/a") == ["p/a/a", "p/a/b", "p/c"]
    assert steps_from(plan, "twice") == ["p/a/a", "p/a/b", "p/c"]
    assert steps_from(plan, "p/a/b") == ["p/a/b", "p/c"]
    assert steps_from(plan, "p/c") == ["p/c"]
