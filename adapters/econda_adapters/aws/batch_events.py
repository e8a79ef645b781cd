"""What a state change of a Batch job means for the attempts it ran."""

from __future__ import annotations

from typing import Any

import msgspec
from econda_edsl.plan import FailureKind

from econda_adapters.aws.batch_jobs import CHUNK, RUN, variables, why_failed
from econda_cloud.wire.events import ChunkLost


class JobLost(msgspec.Struct, frozen=True, kw_only=True):
    """A job, or one member of an array, that failed without a word of its own.

    handle: what the pool calls the job that it is about, a chunk submitted twice has several; index: of a member, else
    None. Times are milliseconds since the epoch, None for a job that never ran.
    """

    run: str
    chunk: str
    handle: str
    index: int | None
    failure: FailureKind
    message: str
    started_ms: int | None
    ended_ms: int | None


def job_lost(detail: dict[str, Any]) -> JobLost | None:
    """None for jobs that are not ours, not failed, or the parent of an array: its members speak for themselves.

    A worker that could report has done so and ends well, whatever its attempt did; a failed job is one that could
    not. If the report is still on its way, the engine takes whichever comes first.
    """
    given, array = variables(detail), detail.get("arrayProperties") or {}
    run, chunk, job = given.get(RUN), given.get(CHUNK), str(detail.get("jobId") or "")
    if detail.get("status") != "FAILED" or not (run and chunk and job) or ("size" in array and "index" not in array):
        return None
    failure, message = why_failed(detail)
    return JobLost(
        run=run,
        chunk=chunk,
        handle=job.partition(":")[0],
        index=array.get("index"),
        failure=failure,
        message=message,
        started_ms=detail.get("startedAt"),
        ended_ms=detail.get("stoppedAt"),
    )


def lost_job(detail: dict[str, Any]) -> tuple[str, ChunkLost] | None:
    """The run and the event of a failed job; None as in `job_lost`."""
    lost = job_lost(detail)
    if lost is None:
        return None
    return lost.run, ChunkLost(
        chunk=lost.chunk,
        failure=lost.failure,
        message=lost.message,
        index=lost.index,
        handle=lost.handle,
        started_ms=lost.started_ms or 0,
        ended_ms=lost.ended_ms or 0,
    )
