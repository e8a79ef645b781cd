"""The plan of a run is stored once: whatever is uploaded, compiled or said later, a run goes on by the plan it began with."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from econda_edsl.plan import encode_plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.schedule.stored_plans import store_plan, stored_plan
from econda_cloud.submission import accept as accepting
from econda_cloud.submission.accept import Content, accept
from econda_cloud.submission.uploads import Upload
from econda_cloud.wire.keys import plan_key
from tests.unit.schedule.team import TASK, Team, plan_of

SOURCE = f"{TASK}pipeline p() -> (y: Int):\n    a = one(1)\n    return y = a.y\n"
PLAN = plan_of(SOURCE)
OTHER = msgspec.structs.replace(PLAN, digest="sha256:" + "0" * 64)


def test_the_plan_that_is_there_stays_and_is_what_everybody_gets():
    blobs = MemoryBlobs()
    assert store_plan(blobs, "n", "r", PLAN).digest == PLAN.digest
    assert store_plan(blobs, "n", "r", OTHER).digest == PLAN.digest
    assert stored_plan(blobs, "n", "r").digest == PLAN.digest
    assert store_plan(blobs, "n", "s", OTHER).digest == OTHER.digest


def test_an_upload_that_is_told_again_to_a_newer_compiler_starts_the_same_run_with_the_same_plan(monkeypatch):
    blobs = MemoryBlobs()
    upload, content = Upload("bucket", "uploads/n/p.edsl", "v1"), Content(SOURCE.encode())
    first = accept(upload, content, blobs)
    right = accepting.compile_source

    def newer(*given, **more):
        compiled = right(*given, **more)
        return dataclasses.replace(compiled, plan=msgspec.structs.replace(compiled.plan, digest=OTHER.digest))

    monkeypatch.setattr(accepting, "compile_source", newer)
    again = accept(upload, content, blobs)
    assert (again.run, again.plan) == (first.run, first.plan)

    team = Team({first.run: stored_plan(blobs, "n", first.run)}, blobs=blobs)
    team._plan = lambda namespace, run: stored_plan(blobs, namespace, run)  # type: ignore[method-assign]
    team.renew()
    team.take(
        [
            (first.run, [first]),
        ],
        1_000,
    )
    team.settle(1_000)
    team.renew()
    assert team.take([(first.run, [again])], 1_500).done == [first.run]
    team.take([(first.run, team.results(first.run, 2_000, y=7))], 2_000)
    outcome = team.state(first.run).outcome
    assert outcome is not None
    assert outcome.outputs == {"y": 7}


@pytest.mark.parametrize("there", [None, b"", b"garbage", b"{}", encode_plan(PLAN)[:-40], b'{"plan": 99}'])
def test_a_plan_that_is_gone_or_cannot_be_read_is_none(there):
    blobs = MemoryBlobs()
    if there is not None:
        blobs.put(plan_key("n", "r"), there)
    with pytest.raises(NoPlan, match="the plan of r"):
        stored_plan(blobs, "n", "r")


def test_a_store_that_does_not_answer_is_no_missing_plan():
    class Down(MemoryBlobs):
        def get(self, key: str) -> bytes:
            raise ConnectionError(key)

    with pytest.raises(ConnectionError):
        stored_plan(Down(), "n", "r")
