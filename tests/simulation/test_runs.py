from __future__ import annotations

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.run.state import decode_state, encode_state
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, CancelRequested
from tests.simulation.world import World, succeed

TASK = """edsl 1

task fit(x: Int) -> (y: Int):
    retry = exponential(attempts = 3, first = 1s, factor = 2, cap = 10s)
    run shell:
        echo 1 > "$OUT/y"

"""


def plan_of(pipeline: str) -> Plan:
    compiled = compile_source(TASK + pipeline)
    assert compiled.plan is not None, compiled.render()
    return compiled.plan


FAN = plan_of("""pipeline p(n: Int = 50) -> (total: Int):
    tried = foreach i in 1..n up to 100:
        a = fit(i)
        gather a.y
    return total = sum(tried.done)
""")


def test_fan_gathers_every_member():
    world = World(FAN, succeed({"y": 2}), params={"n": 50}).until_done()
    assert world.run.state.outcome.state == "succeeded"
    assert world.run.state.outcome.outputs == {"total": 100}
    assert world.run.state.counts.succeeded == 50


def test_fan_longer_than_its_bound_starts_nothing():
    world = World(FAN, succeed({"y": 2}), params={"n": 101}).until_done()
    assert world.run.state.outcome.state == "failed"
    assert "up to 100" in world.run.state.outcome.error
    assert world.started == []


def flaky(failures: int):
    def work(instance, attempt, args):
        del args
        if attempt <= failures:
            return AttemptFailed(instance=instance, attempt=attempt, failure="failed", message="exit 1", ended_ms=5)
        return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=5)

    return work


def test_retries_until_it_succeeds():
    world = World(FAN, flaky(2), params={"n": 3}).until_done()
    assert world.run.state.outcome.state == "succeeded"
    assert world.run.state.counts.retried == 6


def test_fails_when_retries_are_used_up():
    world = World(FAN, flaky(3), params={"n": 3}).until_done()
    assert world.run.state.outcome.state == "failed"
    assert "exit 1" in world.run.state.outcome.error


REPEAT = plan_of("""pipeline p() -> (n: Int):
    repeat up to 5:
        carry n: Int = 0
        a = fit(n)
        next n = n + a.y
    until n >= 3
    when n > 2:
        b = fit(n)
        m = b.y
    else:
        m = 7
    return n = m
""")

TOLERANT = plan_of("""pipeline p() -> (good: Int, bad: Int):
    tried = foreach i in 1..40, j in 1..2 with parallel = 7, tolerate = 50%:
        a = fit(i)
        b = fit(a.y + j)
        gather b.y
    return good = len(tried.done), bad = len(tried.failed)
""")

PAIRS = plan_of("""pipeline p() -> (good: Int, bad: Int):
    tried = foreach i in 1..40 with tolerate = 50%:
        a = fit(i) with retry = exponential(attempts = 1)
        b = fit(i + 1)
        gather a.y + b.y
    return good = len(tried.done), bad = len(tried.failed)
""")


def half_fails(instance, attempt, args):
    del args
    number = int(instance.split("[")[1].split("]")[0])
    if number % 4 == 0:
        return AttemptFailed(instance=instance, attempt=attempt, failure="failed", message="odd", ended_ms=5)
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=5)


def a_fails(instance, attempt, args):
    if instance.endswith("/b"):
        return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=5)
    return half_fails(instance, attempt, args)


def assert_nothing_is_lent(world):
    state = world.broker.state
    assert state.runs == {}
    assert state.waiting == {}
    assert {used.slots for used in state.used.values()} == {0}


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("case", ["fan", "repeat", "tolerant", "flaky", "pairs"])
def test_bad_days_change_nothing(case, seed):
    plan, work, params, expected = {
        "fan": (FAN, succeed({"y": 2}), {"n": 30}, {"total": 60}),
        "repeat": (REPEAT, succeed({"y": 1}), {}, {"n": 1}),
        "tolerant": (TOLERANT, half_fails, {}, {"good": 60, "bad": 20}),
        "pairs": (PAIRS, a_fails, {}, {"good": 30, "bad": 10}),
        "flaky": (FAN, flaky(2), {"n": 10}, {"total": 10}),
    }[case]
    world = World(plan, work, params=params, seed=seed, chaos=0.3).until_done()
    assert world.run.state.outcome is not None, "the run did not end"
    assert world.run.state.outcome.state == "succeeded"
    assert world.run.state.outcome.outputs == expected
    assert len({item for item, _ in world.started}) == len(world.started), "an attempt was started twice"
    assert_nothing_is_lent(world)


@pytest.mark.parametrize("seed", range(10))
def test_same_log_gives_the_same_state(seed):
    world = World(TOLERANT, half_fails, seed=seed, chaos=0.3).until_done()
    again = RunHistory(world.log, lambda *_: TOLERANT, "r")
    assert encode_state(again.refresh()) == encode_state(world.run.state)


def test_state_survives_encoding_midway():
    world = World(TOLERANT, half_fails)
    for _ in range(40):
        world.turn()
    state = world.run.state
    assert encode_state(decode_state(encode_state(state))) == encode_state(state)


def test_cancel_ends_the_run_and_frees_all():
    world = World(FAN, succeed({"y": 2}), params={"n": 50})
    for _ in range(5):
        world.turn()
    assert world.started
    world.post(CancelRequested(by="ada"))
    world.until_done()
    assert world.run.state.outcome.state == "cancelled"
    assert "ada" in world.run.state.outcome.error
    assert_nothing_is_lent(world)


def test_preemption_costs_no_retry():
    def preempted_often(instance, attempt, args):
        del args
        if attempt <= 5:
            return AttemptFailed(instance=instance, attempt=attempt, failure="preempted", message="host gone")
        return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=5)

    world = World(FAN, preempted_often, params={"n": 2}).until_done()
    assert world.run.state.outcome.state == "succeeded"
    assert world.run.state.counts.preempted == 10


def test_nothing_fits_is_said_with_reasons():
    plan = plan_of("""pipeline p() -> (y: Int):
    a = fit(1) with memory = 900GiB
    return y = a.y
""")
    world = World(plan, succeed({"y": 1})).until_done()
    assert world.run.state.outcome.state == "failed"
    assert "memory 900GiB > 4GiB" in world.run.state.outcome.error


def test_batch_bounds_a_chunk():
    plan = plan_of("""pipeline p() -> (n: Int):
    tried = foreach i in 1..40 with batch = 3:
        a = fit(i)
        gather a.y
    return n = len(tried.done)
""")
    world = World(plan, succeed({"y": 1})).until_done()
    assert world.run.state.outcome.outputs == {"n": 40}
    chunks = [chunk for _, chunk in world.started]
    assert max(chunks.count(chunk) for chunk in chunks) == 3


def test_an_image_is_never_left_out_silently():
    text = TASK.replace("    run shell", '    image = "ghcr.io/acme/fit@sha256:ab"\n    run shell')
    compiled = compile_source(text + "pipeline p() -> (y: Int):\n    a = fit(1)\n    return y = a.y\n")
    assert compiled.plan is not None, compiled.render()
    world = World(compiled.plan, succeed({"y": 1})).until_done()
    assert world.run.state.outcome.state == "failed"
    assert "cannot run the image ghcr.io/acme/fit" in world.run.state.outcome.error
