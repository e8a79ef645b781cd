"""Which plan a scheduler that has seen many runs decides by."""

import msgspec
import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Environment, Plan

from econda_cloud.schedule import run_history
from econda_cloud.schedule.run_history import RunFold
from econda_cloud.wire.events import RunStarted

SOURCE = """edsl 1

task f() -> (y: Int):
    run python:
        y = 1

pipeline p() -> (y: Int):
    a = f()
    return y = a.y
"""


def plan_of(**more) -> Plan:
    plan = compile_source(SOURCE).plan
    assert plan is not None
    return msgspec.structs.replace(plan, **more)


def folded(plan: Plan, run: str, asked: list[str]) -> Plan:
    """The plan by which a run is decided, in a process that remembers others."""

    def find(namespace: str, name: str) -> Plan:
        asked.append(f"{namespace}/{name}")
        return plan

    fold = RunFold(find, run)
    fold.prepare(None, (RunStarted(run=run, namespace="n", plan=plan.digest, params={}, seed=0),))
    return fold.plan("n")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(run_history, "_KNOWN", {})


@pytest.mark.parametrize(
    "other",
    [{"code": {"helper.py": "b" * 64}}, {"environments": {"env-1": Environment(packages=("x",), pins=("x==2",))}}],
)
def test_a_run_is_decided_by_its_own_files_and_pins(other):
    """Both runs have plans of one digest: it tells nothing of pins, nor of files that only inline code imports."""
    first = plan_of(code={"helper.py": "a" * 64}, environments={"env-1": Environment(packages=("x",), pins=("x==1",))})
    second = msgspec.structs.replace(first, **other)
    assert first.digest == second.digest
    assert folded(first, "one", []) == first
    assert folded(second, "two", []) == second


def test_a_plan_that_its_digest_tells_whole_is_read_once():
    asked: list[str] = []
    for run in ("one", "two"):
        assert folded(plan_of(), run, asked) == plan_of()
    assert asked == ["n/one"]
