"""A job in the words of the wire: `JobDetail` and `JobSummary`. Pure."""

from __future__ import annotations

from typing import Any

from econda_local.batch.model import AttemptEnd, Job, Status

Wire = dict[str, Any]


def detail(job: Job) -> Wire:
    """The job as DescribeJobs answers it; the `detail` of a state-change event is the same."""
    out: Wire = {
        **job.wire,
        "jobArn": job.arn,
        "jobId": job.id,
        "status": str(job.status),
        "createdAt": job.created_at,
        "attempts": [_attempt(end) for end in job.attempts],
        "tags": dict(job.tags),
        "isCancelled": job.cancelled,
        "isTerminated": job.terminated,
    }
    _optional(out, job)
    out["container"] = {**job.wire["container"], **_last_container(job)}
    if job.size is not None:
        out["arrayProperties"] = _array(job)
    return out


def summary(job: Job) -> Wire:
    """The job as ListJobs answers it."""
    out: Wire = {
        "jobArn": job.arn,
        "jobId": job.id,
        "jobName": job.name,
        "createdAt": job.created_at,
        "status": str(job.status),
        "jobDefinition": job.wire["jobDefinition"],
        "isCancelled": job.cancelled,
        "isTerminated": job.terminated,
    }
    _optional(out, job)
    if job.attempts:
        last = job.attempts[-1]
        given = {"exitCode": last.exit_code, "reason": last.reason}
        out["container"] = {name: value for name, value in given.items() if value is not None}
    if job.is_array:
        out["arrayProperties"] = {"size": job.size}
    elif job.index is not None:
        out["arrayProperties"] = {"index": job.index}
    return out


def _optional(out: Wire, job: Job) -> None:
    given = {"statusReason": job.reason, "startedAt": job.started_at, "stoppedAt": job.stopped_at}
    out.update({name: value for name, value in given.items() if value is not None})


def _array(job: Job) -> Wire:
    if job.index is not None:
        return {"index": job.index}
    return {"size": job.size, "statusSummary": {str(status): job.children[status] for status in Status}}


def _attempt(end: AttemptEnd) -> Wire:
    return {
        "container": _container(end),
        "startedAt": end.started_at,
        "stoppedAt": end.stopped_at,
        "statusReason": end.status_reason,
    }


def _container(end: AttemptEnd) -> Wire:
    out: Wire = {
        "containerInstanceArn": end.instance_arn,
        "taskArn": end.task_arn,
        "logStreamName": end.log_stream,
        "networkInterfaces": [],
    }
    if end.exit_code is not None:
        out["exitCode"] = end.exit_code
    if end.reason is not None:
        out["reason"] = end.reason
    return out


def _last_container(job: Job) -> Wire:
    if job.log_stream is not None:
        return {"logStreamName": job.log_stream}
    if job.attempts:
        return _container(job.attempts[-1])
    return {}
