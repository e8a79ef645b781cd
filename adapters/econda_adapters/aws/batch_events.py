"""What a state change of a Batch job means for the attempts it ran."""

from __future__ import annotations

from typing import Any

from econda_edsl.plan import FailureKind

from econda_adapters.aws.batch_pool import CHUNK, CHUNK_KEY, RUN
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.chunk import decode_chunk
from econda_cloud.wire.events import AnyEvent, AttemptFailed, ChunkLost

KILLED = 137


def lost_job(detail: dict[str, Any], blobs: BlobStore) -> tuple[str, AnyEvent] | None:
    """The run and the event of a failed job; None for jobs that are not ours, not failed, or the parent of an array.

    A worker that could report has done so and ends well, whatever its attempt did; a failed job is one that could
    not. If the report is still on its way, the engine takes whichever comes first.
    """
    container = detail.get("container") or {}
    variables = {each.get("name"): each.get("value") for each in container.get("environment") or ()}
    run, chunk, key = variables.get(RUN), variables.get(CHUNK), variables.get(CHUNK_KEY)
    array = detail.get("arrayProperties") or {}
    if detail.get("status") != "FAILED" or not (run and chunk and key) or ("size" in array and "index" not in array):
        return None
    failure, message = why_failed(detail)
    handle = str(detail.get("jobId") or "")
    if "index" not in array:
        return run, ChunkLost(chunk=chunk, failure=failure, message=message, handle=handle)
    try:
        item = decode_chunk(blobs.get(key)).items[array["index"]]
    except (KeyError, IndexError):
        return None
    return run, AttemptFailed(
        instance=item.instance, attempt=item.attempt, failure=failure, message=message, handle=handle
    )


def why_failed(detail: dict[str, Any]) -> tuple[FailureKind, str]:
    """The kind of failure and Batch's own words (AWS Batch user guide: job state change events, troubleshooting)."""
    container = detail.get("container") or {}
    status, reason = str(detail.get("statusReason") or ""), str(container.get("reason") or "")
    words = "; ".join(dict.fromkeys(text for text in (status, reason) if text)) or "no reason given"
    message = f"AWS Batch: {words}"[:1_000]
    if status.startswith("Host EC2"):
        return "preempted", message
    if "OutOfMemory" in reason or container.get("exitCode") == KILLED:
        return "out_of_memory", message
    if "attempt duration exceeded timeout" in status:
        return "timed_out", message
    if reason.startswith("Cannot") or "Error:" in reason or "cancelled by econda" in status:
        return "failed", message
    return "lost", message
