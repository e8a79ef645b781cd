"""What AWS says when work is lost, and what a run is told of it."""

from __future__ import annotations

import json

import msgspec
import pytest
from econda_adapters.aws.batch_events import lost_job
from econda_adapters.aws.batch_jobs import why_failed
from econda_adapters.aws.lambda_pool import lost_invocation
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.wire.assignment import Assignment, encode_assignment
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask
from econda_cloud.wire.events import ChunkLost


def assign(chunk: Chunk, blobs: MemoryBlobs) -> Assignment:
    tokens = Tokens(lambda: KeyRing((Key(id="k", secret=b"k" * 32),)))
    return Assigner("https://gateway", tokens, blobs).assign(chunk, 0, inline=True)


def chunk(count: int = 1, body: str = "y = 1") -> Chunk:
    task = WorkTask(name="t", run=Inline(language="python", body=body), outputs={"y": "Int"})
    items = tuple(WorkItem(instance=f"p/t[{n}]", attempt=2) for n in range(count))
    return Chunk(id="r.1", run="r", namespace="n", task=task, items=items)


def failed(**more) -> dict:
    """The detail of a state change, with what every one has."""
    environment = [{"name": "ECONDA_CHUNK", "value": "r.1"}, {"name": "ECONDA_CHUNK_RUN", "value": "r"},
                   {"name": "ECONDA_CHUNK_KEY", "value": "runs/n/r/chunks/r.1.json"}]  # fmt: skip
    container = {"environment": environment, **more.pop("container", {})}
    return {"jobName": "r-1", "jobId": "j", "status": "FAILED", "container": container, **more}


@pytest.mark.parametrize(
    ("detail", "failure"),
    [
        ({"statusReason": "Host EC2 (instance i-0abc) terminated."}, "preempted"),
        ({"statusReason": "Essential container in task exited",
          "container": {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}}, "out_of_memory"),
        ({"statusReason": "Essential container in task exited", "container": {"exitCode": 137}}, "out_of_memory"),
        ({"statusReason": "Job attempt duration exceeded timeout"}, "timed_out"),
        ({"statusReason": "Task failed to start",
          "container": {"reason": "CannotPullContainerError: pull access denied"}}, "failed"),
        ({"statusReason": "Essential container in task exited", "container": {"exitCode": 1}}, "lost"),
        ({}, "lost"),
    ],
)  # fmt: skip
def test_why_a_job_failed(detail, failure):
    kind, message = why_failed(failed(**detail))
    assert kind == failure
    assert message.startswith("AWS Batch: ")
    assert detail.get("statusReason", "no reason given") in message


def test_a_failed_job_is_a_lost_chunk_and_says_which_job_it_was_and_when():
    lost = ChunkLost(
        chunk="r.1", failure="preempted", message="AWS Batch: Host EC2 (instance i-1) terminated.", handle="j"
    )
    assert lost_job(failed(statusReason="Host EC2 (instance i-1) terminated.")) == ("r", lost)
    ran = failed(statusReason="Host EC2 (instance i-1) terminated.", startedAt=5, stoppedAt=9)
    assert lost_job(ran) == ("r", msgspec.structs.replace(lost, started_ms=5, ended_ms=9))


def test_a_failed_member_of_an_array_is_its_attempt_only():
    found = lost_job(failed(jobId="j:2", arrayProperties={"index": 2}))
    assert found is not None
    assert (found[1].chunk, found[1].index, found[1].handle, found[1].failure) == ("r.1", 2, "j", "lost")


@pytest.mark.parametrize(
    "detail",
    [
        failed() | {"status": "SUCCEEDED"},
        failed(arrayProperties={"size": 3, "statusSummary": {}}),
        {"status": "FAILED", "container": {"environment": [{"name": "OTHER", "value": "x"}]}},
        {"status": "FAILED"},
    ],
    ids=["succeeded", "parent of an array", "somebody else's", "nothing known"],
)
def test_other_changes_say_nothing(detail):
    assert lost_job(detail) is None


def destination(assignment: Assignment, **answer) -> dict:
    payload = json.loads(encode_assignment(assignment))
    return {
        "requestContext": {"condition": "RetriesExhausted", "requestId": "id-1"},
        "requestPayload": payload,
        "responsePayload": answer,
    }


def test_a_failed_invocation_is_a_lost_chunk():
    body = destination(assign(chunk(2), MemoryBlobs()), errorMessage="boom", errorType="ValueError")
    assert lost_invocation(body) == (
        "r",
        ChunkLost(chunk="r.1", failure="lost", message="the function ended: boom", handle="id-1"),
    )


@pytest.mark.parametrize(("count", "failure"), [(1, "out_of_memory"), (2, "lost")])
def test_a_killed_sandbox_is_out_of_memory_if_we_know_who_was_in_it(count, failure):
    said = "RequestId: 1 Error: Runtime exited with error: signal: killed"
    body = destination(assign(chunk(count), MemoryBlobs()), errorMessage=said, errorType="Runtime.ExitError")
    found = lost_invocation(body)
    assert found is not None
    assert found[1].failure == failure


def test_other_messages_are_no_lost_invocations():
    assert lost_invocation({"message": "run_events"}) is None
    assert lost_invocation({"requestPayload": {"what": "is this"}}) is None
