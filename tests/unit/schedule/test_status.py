"""`status.json`: what is news is written, not too often, and an older status never covers a newer one."""

from __future__ import annotations

import json

import pytest
from econda_edsl.compiler.compile import compile_source

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.run.state import RunState
from econda_cloud.schedule.status import StatusBoard, announce, publish_outputs, show_broken
from econda_cloud.wire.outcome import Outcome

KEY = "runs/n/r/status.json"
_COMPILED = compile_source(b"""edsl 1

pipeline main(budget: Money = $2) -> (cost: Money, n: Int, waits: List[Duration]):
    return cost = budget * 2, n = 3, waits = [90min]
""").plan
assert _COMPILED is not None
PLAN = _COMPILED
DIGEST = "ab" * 32


def state(succeeded: int = 0, **more) -> RunState:
    made = RunState(run="r", namespace="n", plan="p", seed=1, params={}, started_ms=1, now=1, **more)
    made.counts.succeeded = succeeded
    return made


def ended(**outputs) -> RunState:
    return state(outcome=Outcome(state="succeeded", outputs=outputs))


@pytest.fixture
def blobs():
    return MemoryBlobs()


def shown(blobs) -> tuple[str, int, int]:
    status = json.loads(blobs.get(KEY))
    return status["state"], status["counts"]["succeeded"], status["records"]


def test_what_was_shown_last_is_there(blobs):
    board = StatusBoard(blobs)
    for number in range(3):
        board.show(state(number), number + 1, PLAN)
        assert shown(blobs) == ("running", number, number + 1)
    board.show(state(3, outcome=Outcome(state="succeeded")), 4, PLAN)
    assert shown(blobs) == ("succeeded", 3, 4)


def test_what_it_remembers_is_bounded(blobs, monkeypatch):
    monkeypatch.setattr("econda_cloud.schedule.status.KNOWN_MOST", 3)
    board = StatusBoard(blobs)
    for number in range(9):
        made = state(1)
        made.run = f"r{number}"
        board.show(made, 1, PLAN)
    assert len(board._tags) <= 4


def test_an_older_status_does_not_cover_a_newer_one(blobs):
    slow, quick = StatusBoard(blobs), StatusBoard(blobs)
    slow.show(state(1), 1, PLAN)
    quick.show(state(3, outcome=Outcome(state="succeeded")), 9, PLAN)
    slow.show(state(2), 5, PLAN)
    assert shown(blobs) == ("succeeded", 3, 9)


def test_a_run_that_is_broken_stays_so(blobs):
    board = StatusBoard(blobs)
    board.show(state(1), 1, PLAN)
    show_broken(blobs, "n", "r", "its plan is gone")
    StatusBoard(blobs).show(state(2), 7, PLAN)
    announce(blobs, "n", "r", upload="x")
    status = json.loads(blobs.get(KEY))
    assert (status["state"], status["error"]) == ("failed", "its plan is gone")


def about(key: str = f"artifacts/n/sha256/{DIGEST}", **more) -> dict:
    return {"$artifact": {"kind": "File", "name": "table.csv", "sha256": DIGEST, "size": 5, "key": key, **more}}


COST = {"type": "Money", "unit": "micro-dollars", "written": "$4"}
WAITS = {"type": "List[Duration]", "unit": "ms", "written": ["1.5h"]}


def test_numbers_of_quantities_have_their_units_beside_them(blobs):
    made = ended(cost=4_000_000, n=3, waits=[5_400_000])
    made.params = {"budget": 2_000_000}
    StatusBoard(blobs).show(made, 1, PLAN)
    status = json.loads(blobs.get(KEY))
    assert status["outputs"] == {"cost": 4_000_000, "n": 3, "waits": [5_400_000]}
    assert status["units"]["outputs"] == {"cost": COST, "waits": WAITS}
    assert status["units"]["params"] == {"budget": {**COST, "written": "$2"}}
    publish_outputs(blobs, made, PLAN)
    assert json.loads(blobs.get("runs/n/r/outputs.json")) == {
        **status["outputs"],
        "$units": {"cost": COST, "waits": WAITS},
    }


def test_outputs_are_published_with_their_files(blobs):
    blobs.put(f"artifacts/n/sha256/{DIGEST}", b"bytes")
    outputs = {"n": 3, "file": about(), "dir": about(name="dir", packed="tar")}
    publish_outputs(blobs, ended(**outputs), PLAN)
    assert json.loads(blobs.get("runs/n/r/outputs.json")) == outputs
    assert blobs.get("runs/n/r/outputs/file/table.csv") == b"bytes"
    assert blobs.exists("runs/n/r/outputs/dir/dir.tar")
    assert not blobs.exists("runs/n/r/outputs.errors.txt")


@pytest.mark.parametrize(
    "forged",
    [
        about("uploads/finance/payroll.params.yaml"),
        about(f"artifacts/finance/sha256/{DIGEST}"),
        about(f"artifacts/n/sha256/../../../secret/{DIGEST}"),
        about("artifacts/n"),
        about(f"artifacts/nn/sha256/{DIGEST}"),
    ],
)
def test_what_is_no_artifact_of_the_runs_namespace_is_not_copied_whatever_a_task_says(blobs, forged):
    blobs.put(forged["$artifact"]["key"], b"iban: DE00")
    publish_outputs(blobs, ended(f=forged), PLAN)
    assert [key for key in blobs._blobs if key.startswith("runs/n/r/outputs/")] == []
    assert "f: " in blobs.get("runs/n/r/outputs.errors.txt").decode()


def test_the_name_of_a_file_leads_nowhere_else(blobs):
    blobs.put(f"artifacts/n/sha256/{DIGEST}", b"bytes")
    publish_outputs(blobs, ended(f=about(name="../../../../uploads/n/next.edsl")), PLAN)
    assert [key for key in blobs._blobs if key.endswith(".edsl")] == ["runs/n/r/outputs/f/next.edsl"]


def test_an_output_that_is_gone_keeps_no_other_from_being_copied(blobs):
    blobs.put(f"artifacts/n/sha256/{DIGEST}", b"bytes")
    gone = about(f"artifacts/n/sha256/{'00' * 32}", sha256="00" * 32)
    publish_outputs(blobs, ended(a=gone, b=about()), PLAN)
    assert blobs.exists("runs/n/r/outputs/b/table.csv")
    assert "a: artifacts/n/sha256/00" in blobs.get("runs/n/r/outputs.errors.txt").decode()
