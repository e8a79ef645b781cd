"""Operations on submitted jobs: describe, list, cancel, terminate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from econda_local.batch import render
from econda_local.batch.account import Account
from econda_local.batch.model import Job, Status
from econda_local.batch.names import page, short
from econda_local.batch.queues import find
from econda_local.batch.refusal import Refused
from econda_local.batch.retries import glob

Wire = dict[str, Any]

MOST_DESCRIBED = 100


def describe(account: Account, request: Wire) -> Wire:
    """Up to 100 jobs by id or ARN; those that do not exist are left out, as AWS does."""
    references = request["jobs"]
    if len(references) > MOST_DESCRIBED:
        raise Refused(f"At most {MOST_DESCRIBED} jobs can be described at once")
    found = (account.engine.jobs.get(short(reference)) for reference in references)
    return {"jobs": [render.detail(job) for job in found if job is not None]}


def listed(account: Account, request: Wire) -> Wire:
    """ListJobs: the jobs of one queue, or the children of one array; RUNNING ones unless told otherwise."""
    chosen = [member for member in ("jobQueue", "arrayJobId", "multiNodeJobId") if member in request]
    if len(chosen) != 1 or chosen == ["multiNodeJobId"]:
        raise Refused("Give exactly one of jobQueue and arrayJobId")
    if "arrayJobId" in request:
        jobs = list(account.engine.children(_job(account, request["arrayJobId"])))
    else:
        queue = find(account, request["jobQueue"]).name
        jobs = [job for job in account.engine.jobs.values() if job.queue == queue and job.parent is None]
        jobs.reverse()  # newest first
    filters = request.get("filters", [])
    if filters:
        tests = [_filter(item["name"], item.get("values", [])) for item in filters]
        jobs = [job for job in jobs if all(test(job) for test in tests)]
    else:
        wanted = Status(request.get("jobStatus", "RUNNING"))
        jobs = [job for job in jobs if job.status is wanted]
    shown, token = page(jobs, request.get("maxResults", 1000), request.get("nextToken"))
    answer: Wire = {"jobSummaryList": [render.summary(job) for job in shown]}
    return answer | ({"nextToken": token} if token else {})


def _filter(name: str, values: list[str]) -> Callable[[Job], bool]:
    match name:
        case "JOB_NAME":
            return lambda job: any(glob(value, job.name) for value in values)
        case "JOB_DEFINITION":
            return lambda job: any(_of_definition(value, job) for value in values)
        case "SHARE_IDENTIFIER":
            return lambda job: job.wire.get("shareIdentifier") in values
        case "BEFORE_CREATED_AT":
            return lambda job: all(job.created_at < int(value) for value in values)
        case "AFTER_CREATED_AT":
            return lambda job: all(job.created_at > int(value) for value in values)
        case _:
            raise Refused(f"Unknown filter {name}")


def _of_definition(value: str, job: Job) -> bool:
    arn = job.wire["jobDefinition"]
    return glob(value, arn) or glob(value, short(arn)) or glob(value, short(arn).partition(":")[0])


def cancel(account: Account, request: Wire) -> Wire:
    account.engine.cancel(_job(account, request["jobId"]).id, request["reason"], account.now())
    account.engine.schedule()
    return {}


def terminate(account: Account, request: Wire) -> Wire:
    account.engine.terminate(_job(account, request["jobId"]).id, request["reason"], account.now())
    account.engine.schedule()
    return {}


def _job(account: Account, reference: str) -> Job:
    job = account.engine.jobs.get(short(reference))
    if job is None:
        raise Refused(f"Job {reference} does not exist")
    return job
