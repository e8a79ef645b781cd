"""Results that are kept: who uses them, and what is said of those that cannot be used."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.record.instances import instances_of
from econda_cloud.record.results import results_of
from econda_cloud.run.blocks import program_of
from econda_cloud.run.downstream import steps_from
from econda_cloud.run.fingerprints import call_causes, changed, key_of, task_causes
from econda_cloud.schedule.results import write_earlier
from econda_cloud.wire.entries import decode_entry
from econda_cloud.wire.events import AttemptSucceeded
from tests.simulation.world import World

SOURCE = """edsl 1

task fit(x: Int) -> (y: Int):
    cache = inputs
    run python:
        y = x

task sure(x: Int) -> (y: Int):
    cache = none
    run python:
        y = x

task plain(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p(n: Int = 2) -> (r: Int):
    f = foreach i in 1..n up to 9:
        a = fit(i)
        gather a.y
    b = sure(sum(f.done))
    c = plain(b.y)
    return r = c.y
"""


def plan_of(source: str = SOURCE) -> Plan:
    compiled = compile_source(source)
    assert compiled.plan is not None, compiled.render(color=False)
    return compiled.plan


def work(instance: str, attempt: int, args: dict[str, Any]) -> AttemptSucceeded:
    del args
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": 1}, started_ms=0, ended_ms=10)


def played(plan: Plan, blobs: MemoryBlobs, **given: Any) -> World:
    world = World(plan, work, blobs=blobs, **{"params": {"n": 2}, **given}).until_done()
    assert world.run.state is not None
    assert world.run.state.outcome is not None
    assert world.run.state.outcome.state == "succeeded", world.run.state.outcome
    return world


def ran(world: World) -> list[str]:
    return sorted(item[0] for item, _ in world.started)


def table(world: World):
    return instances_of(decode_entry(record) for record in world.log.read("run/r"))


def test_a_cache_gives_results_to_later_runs_and_to_its_tasks_only() -> None:
    blobs, plan = MemoryBlobs(), plan_of()
    assert len(played(plan, blobs).started) == 4
    second = played(plan, blobs, params={"n": 3})
    assert ran(second) == ["p/b", "p/c", "p/f[2]/a"]
    assert second.run.state is not None
    assert (second.run.state.counts.reused, second.run.state.counts.succeeded) == (2, 5)
    rows = table(second)
    assert (rows["p/f[0]/a"].state, rows["p/f[0]/a"].attempts[0].cost, rows["p/f[0]/a"].outputs) == (
        "reused",
        0,
        {"y": 1},
    )
    assert rows["p/f[2]/a"].attempts[0].not_reused == "it has not run before"


def test_what_changed_is_said() -> None:
    blobs = MemoryBlobs()
    played(plan_of(), blobs)
    changed_code = played(plan_of(SOURCE.replace("cache = inputs\n    run python:\n        y = x", "cache = inputs\n    run python:\n        y = x + 1")), blobs)  # fmt: skip
    assert table(changed_code)["p/f[0]/a"].attempts[0].not_reused == "changed since r: code"
    blobs = MemoryBlobs()
    played(plan_of(), blobs)
    other = played(plan_of(SOURCE.replace("fit(i)", "fit(i + 7)")), blobs)
    assert table(other)["p/f[0]/a"].attempts[0].not_reused == "changed since r: input x"


def test_what_a_task_needs_and_is_called_is_no_cause() -> None:
    blobs = MemoryBlobs()
    played(plan_of(), blobs)
    renamed = SOURCE.replace("task fit(", "task better(").replace("fit(i)", "better(i)")
    renamed = renamed.replace("    cache = inputs", "    needs:\n        memory = 2GiB\n    cache = inputs")
    assert ran(played(plan_of(renamed), blobs)) == ["p/b", "p/c"]


def test_old_results_are_not_used() -> None:
    blobs, plan = MemoryBlobs(), plan_of(SOURCE.replace("cache = inputs", "cache = for(1h)"))
    played(plan, blobs)
    assert ran(played(plan, blobs)) == ["p/b", "p/c"]
    for key in [key for key in blobs._blobs if "/results/" in key]:
        kept = msgspec.json.decode(blobs.get(key))
        blobs.put(key, msgspec.json.encode(kept | {"kept_ms": kept["kept_ms"] - 7_200_000}))
    late = played(plan, blobs)
    assert len(late.started) == 4
    assert "older than its `cache` allows" in table(late)["p/f[0]/a"].attempts[0].not_reused


def test_a_result_whose_files_are_gone_is_made_again() -> None:
    blobs, plan = MemoryBlobs(), plan_of()
    played(plan, blobs)
    for key in [key for key in blobs._blobs if "/results/" in key]:
        kept = msgspec.json.decode(blobs.get(key))
        gone = {"$artifact": {"key": "artifacts/sha256/00", "sha256": "00", "name": "x", "kind": "File", "size": 1}}
        blobs.put(key, msgspec.json.encode(kept | {"outputs": {"y": gone}}))
    again = played(plan, blobs)
    assert len(again.started) == 4
    assert "artifacts/sha256/00 is gone" in table(again)["p/f[0]/a"].attempts[0].not_reused


@pytest.mark.parametrize(
    ("start", "again"),
    [(None, ["p/b"]), ("b", ["p/b", "p/c"]), ("fit", ["p/b", "p/c", "p/f[0]/a", "p/f[1]/a"]), ("p/f[1]/a", ["p/b", "p/c", "p/f[0]/a", "p/f[1]/a"])],
)  # fmt: skip
def test_a_run_that_follows_another_uses_all_its_results_but_those_of_fresh_steps(start, again) -> None:
    plan, first = plan_of(), MemoryBlobs()
    before = [decode_entry(record) for record in played(plan, first).log.read("run/r")]
    results = results_of(plan, before)
    assert sorted(result.instance for result in results) == ["p/b", "p/c", "p/f[0]/a", "p/f[1]/a"]
    blobs = MemoryBlobs()
    write_earlier(blobs, "n", "r", results)
    world = played(plan, blobs, reuse="before", fresh=tuple(steps_from(plan, start)) if start else ())
    assert ran(world) == again
    # Who follows has the results of the one that it follows, and of those that that one followed.
    after = [decode_entry(record) for record in world.log.read("run/r")]
    assert {result.instance for result in results_of(plan, after)} == {"p/f[0]/a", "p/f[1]/a", "p/b", "p/c"}


def test_steps_after_a_step() -> None:
    plan = plan_of(
        """edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p(n: Int = 2) -> (r: Int):
    last = t(n + seen)
    a = t(n)
    when a.y > 1:
        b = t(a.y)
        m = b.y
    else:
        other = t(n)
        m = other.y
    repeat up to 3:
        carry k: Int = m
        inside = t(k)
        then_ = t(inside.y)
        next k = then_.y
    until k > 5
    seen = k
    apart = t(n)
    assert apart.y > 0
    return r = last.y
"""
    )

    def names(start: str) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in steps_from(plan, start))

    assert names("p/a") == ["a", "b", "inside", "last", "other", "then_"]
    assert names("b") == ["b", "inside", "last", "then_"]
    assert names("then_") == ["last", "then_"]
    assert names("apart") == ["apart"]
    assert len(names("t")) == 7
    assert steps_from(plan, "nothing") == []


def test_causes_differ_one_by_one() -> None:
    plan = plan_of()
    common = task_causes(plan, plan.tasks["fit"])
    one, two = call_causes(common, {"x": 1}), call_causes(common, {"x": 2})
    assert changed(two, one) == ["input x"]
    assert key_of(one) != key_of(two)
    here = {"$artifact": {"kind": "File", "name": "a.csv", "sha256": "ab", "size": 1, "key": "here"}}
    there = {"$artifact": {"kind": "File", "name": "a.csv", "sha256": "ab", "size": 1, "key": "there"}}
    assert call_causes(common, {"x": [here]}) == call_causes(common, {"x": [there]})
    assert call_causes(common, {"x": {"f": here}}) != call_causes(common, {"x": {"f": 1}})


def test_a_program_is_known_by_its_code_and_pins_too():
    """The digest of a plan knows neither its pins nor the files that nobody reaches."""
    files = {"lib.py": b"x = 1"}
    source = SOURCE.replace("        y = x\n", "        import lib, pickle\n\n        y = x\n", 1)
    one = compile_source(source, files=files).plan
    assert one is not None
    other = msgspec.structs.replace(one, code={"lib.py": "0" * 64})
    assert program_of(one).causes("fit")["files"] != program_of(other).causes("fit")["files"]
