"""A pipeline for large machines runs on a small one."""

import msgspec
from econda_adapters.embedded.capped import capped
from econda_adapters.embedded.pool import machine_pool
from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compiler.compile import compile_source

from econda_cloud.wire.pools import Pool

SOURCE = """edsl 1

task f(x: Int) -> (y: Int):
    needs:
        cpu = 6400
        memory = 500TiB * attempt
    run python:
        y = x + 1

task small() -> (y: Int):
    needs:
        cpu = 1
        memory = 128MiB
    run python:
        y = 1

pipeline main(first: Bool = true) -> (y: Int, z: Int):
    when first:
        a = f(3) with memory = 900TiB
        n = a.y
    else:
        n = 0
    b = f(n)
    c = small()
    return y = b.y, z = c.y
"""


def machine() -> Pool:
    pool = machine_pool()
    [offer] = pool.offers
    node = msgspec.structs.replace(offer.node, cpu_milli=2000, memory=2 << 30)
    return msgspec.structs.replace(
        pool, offers=(msgspec.structs.replace(offer, node=node),), cpu_milli=2000, memory=2 << 30
    )


def plan_of():
    plan = compile_source(SOURCE).plan
    assert plan is not None
    return plan


def test_what_is_asked_for_beyond_it_is_held_and_told():
    plan, said = capped(plan_of(), machine())
    assert said == [
        "`f` asks for cpu = 6400; this machine has 2, which it gets",
        "the step `a` asks for memory = 900TiB; this machine has 2GiB, which it gets",
    ]
    assert plan.digest == plan_of().digest
    assert plan.tasks["small"] == plan_of().tasks["small"]


def test_it_runs_there(tmp_path):
    plan, _ = capped(plan_of(), machine())
    state = run_plan(Home(tmp_path), plan, {"first": True}, machine=machine())
    assert state.outcome is not None
    assert state.outcome.outputs == {"y": 5, "z": 1}, state.errors


def test_a_plan_that_fits_stays_as_it_is():
    plan = compile_source(
        SOURCE.replace("6400", "2").replace("500TiB * attempt", "1GiB").replace("900TiB", "2GiB")
    ).plan
    assert plan is not None
    assert capped(plan, machine()) == (plan, [])
