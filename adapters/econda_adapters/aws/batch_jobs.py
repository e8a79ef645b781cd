"""A job of AWS Batch as DescribeJobs shows it, which is also the detail of its state changes."""

from __future__ import annotations

from typing import Any

from econda_edsl.plan import FailureKind

from econda_cloud.ports.pool import Ended, JobState, Running, Waiting

CHUNK_KEY = "ECONDA_CHUNK_KEY"
CHUNK = "ECONDA_CHUNK"
RUN = "ECONDA_CHUNK_RUN"

KILLED = 137
CANCELLED = "cancelled by econda"

Job = dict[str, Any]


def state_of(job: Job) -> JobState:
    """A job that waits for a machine is RUNNABLE, for hours if need be. The array counts as running once a member has begun."""
    match job.get("status"):
        case "SUCCEEDED":
            return Ended(None, "", job.get("startedAt"), job.get("stoppedAt"))
        case "FAILED":
            failure, message = why_failed(job)
            return Ended(failure, message, job.get("startedAt"), job.get("stoppedAt"))
        case "RUNNING":
            return Running(job.get("startedAt"))
        case _:
            members = (job.get("arrayProperties") or {}).get("statusSummary") or {}
            begun = any(members.get(status) for status in ("RUNNING", "SUCCEEDED", "FAILED"))
            return Running(job.get("startedAt")) if begun else Waiting(str(job.get("statusReason") or ""))


def variables(job: Job) -> dict[str, str]:
    """The environment that the job was submitted with. It holds a token: not for logs."""
    given = (job.get("container") or {}).get("environment") or ()
    return {each["name"]: each.get("value", "") for each in given if "name" in each}


def why_failed(job: Job) -> tuple[FailureKind, str]:
    """The kind of failure and Batch's own words (AWS Batch user guide: job state change events, troubleshooting)."""
    container = job.get("container") or {}
    status, reason = str(job.get("statusReason") or ""), str(container.get("reason") or "")
    words = "; ".join(dict.fromkeys(text for text in (status, reason) if text)) or "no reason given"
    message = f"AWS Batch: {words}"[:1_000]
    if status.startswith("Host EC2"):
        return "preempted", message
    if "OutOfMemory" in reason or container.get("exitCode") == KILLED:
        return "out_of_memory", message
    if "attempt duration exceeded timeout" in status:
        return "timed_out", message
    if reason.startswith("Cannot") or "Error:" in reason or CANCELLED in status:
        return "failed", message
    return "lost", message
