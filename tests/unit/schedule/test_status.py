"""`status.json`: whatever is news is written, and an older status never covers a newer one."""

from __future__ import annotations

import json

import pytest

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.run.state import RunState
from econda_cloud.schedule.status import StatusBoard, publish_outputs
from econda_cloud.wire.outcome import Outcome

KEY = "runs/n/r/status.json"


def state(succeeded: int = 0, **more) -> RunState:
    made = RunState(run="r", namespace="n", plan="p", seed=1, params={}, started_ms=1, now=1, **more)
    made.counts.succeeded = succeeded
    return made


@pytest.fixture
def blobs():
    return MemoryBlobs()


def shown(blobs) -> tuple[str, int, int]:
    status = json.loads(blobs.get(KEY))
    return status["state"], status["counts"]["succeeded"], status["records"]


def test_each_change_is_shown_at_once(blobs):
    board = StatusBoard(blobs)
    for number in range(3):
        board.show(state(number), number + 1)
        assert shown(blobs) == ("running", number, number + 1)


def test_what_is_no_news_is_not_written(blobs):
    board = StatusBoard(blobs)
    board.show(state(1), 1)
    blobs.delete(KEY)
    board.show(state(1), 2)
    assert not blobs.exists(KEY)


def test_an_older_status_does_not_cover_a_newer_one(blobs):
    slow, quick = StatusBoard(blobs), StatusBoard(blobs)
    slow.show(state(1), 1)
    quick.show(state(3, outcome=Outcome(state="succeeded")), 9)
    slow.show(state(2), 5)
    assert shown(blobs) == ("succeeded", 3, 9)


def test_outputs_are_published_with_their_files(blobs):
    blobs.put("artifacts/sha256/ab", b"bytes")
    about = {"kind": "File", "name": "table.csv", "sha256": "ab", "size": 5, "key": "artifacts/sha256/ab"}
    packed = {**about, "name": "dir", "packed": "tar"}
    outputs = {"n": 3, "file": {"$artifact": about}, "dir": {"$artifact": packed}}
    publish_outputs(blobs, state(outcome=Outcome(state="succeeded", outputs=outputs)))
    assert json.loads(blobs.get("runs/n/r/outputs.json")) == outputs
    assert blobs.get("runs/n/r/outputs/file/table.csv") == b"bytes"
    assert blobs.exists("runs/n/r/outputs/dir/dir.tar")
