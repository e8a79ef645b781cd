"""SubmitJob: one job, or an array's parent and its children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from econda_local.batch import definitions, queues, specs
from econda_local.batch.account import Account
from econda_local.batch.model import Job
from econda_local.batch.names import checked_name
from econda_local.batch.refusal import Refused

Wire = dict[str, Any]

SMALLEST_ARRAY, LARGEST_ARRAY = 2, 10_000
MOST_DEPENDENCIES = 20
_ABSENT_HERE = ("nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride")


def submit(account: Account, request: Wire) -> Wire:
    checked_name(request["jobName"], "Job name")
    unsupported = [member for member in _ABSENT_HERE if member in request]
    if unsupported:
        raise Refused(f"Only container jobs exist here, not {unsupported}")
    queue = queues.find(account, request["jobQueue"])
    if queue.detail["state"] != "ENABLED":
        raise Refused(f"Job queue {queue.name} is DISABLED")
    job = _job(account, request, queue.name, queue.arn)
    size = request.get("arrayProperties", {}).get("size")
    if size is not None and not SMALLEST_ARRAY <= size <= LARGEST_ARRAY:
        raise Refused(f"Array size must be between {SMALLEST_ARRAY} and {LARGEST_ARRAY}")
    _check_dependencies(account, request.get("dependsOn", []), size)
    job.size = size
    account.engine.submit(_family(job, request.get("dependsOn", [])), account.now())
    account.engine.schedule()
    return {"jobArn": job.arn, "jobName": job.name, "jobId": job.id}


def _job(account: Account, request: Wire, queue: str, queue_arn: str) -> Job:
    definition = definitions.find(account, request["jobDefinition"])
    made = definition.detail
    parameters = {**made["parameters"], **request.get("parameters", {})}
    overrides = request.get("containerOverrides", {})
    container = specs.effective_container(made["containerProperties"], overrides, parameters)
    retry = request.get("retryStrategy", made.get("retryStrategy", {}))
    timeout = request.get("timeout", made.get("timeout", {}))
    propagate = request.get("propagateTags", made.get("propagateTags", False))
    tags = {**made["tags"], **request.get("tags", {})} if propagate else dict(request.get("tags", {}))
    wire: Wire = {
        "jobName": request["jobName"],
        "jobQueue": queue_arn,
        "jobDefinition": definition.arn,
        "parameters": parameters,
        "dependsOn": request.get("dependsOn", []),
        "platformCapabilities": made["platformCapabilities"],
        "propagateTags": propagate,
        "container": {**container, "networkInterfaces": []},
        **({"retryStrategy": retry} if retry else {}),
        **({"timeout": timeout} if timeout else {}),
    }
    if "shareIdentifier" in request:
        wire["shareIdentifier"] = request["shareIdentifier"]
    priority = request.get("schedulingPriorityOverride", made.get("schedulingPriority"))
    if priority is not None:
        wire["schedulingPriority"] = priority
    key = account.new_id()
    return Job(
        id=key,
        arn=account.place.arn("job", key),
        name=request["jobName"],
        queue=queue,
        spec=specs.spec(container, retry, timeout, account.shortest_timeout),
        wire=wire,
        created_at=account.now(),
        tags=tags,
    )


def _check_dependencies(account: Account, depends_on: list[Wire], size: int | None) -> None:
    if len(depends_on) > MOST_DEPENDENCIES:
        raise Refused(f"A job can depend on up to {MOST_DEPENDENCIES} jobs")
    for item in depends_on:
        kind, key = item.get("type"), item.get("jobId")
        if kind is not None and size is None:
            raise Refused(f"A dependency of type {kind} needs an array job")
        if kind == "SEQUENTIAL" and key is None:
            continue
        if key is None or key not in account.engine.jobs:
            raise Refused(f"Dependency job {key} does not exist")
        if kind == "N_TO_N" and account.engine.jobs[key].size != size:
            raise Refused(f"N_TO_N needs two arrays of one size, and {key} is not of size {size}")


def _family(job: Job, depends_on: list[Wire]) -> Iterator[Job]:
    if job.size is None:
        yield replace(job, unmet={item["jobId"] for item in depends_on})
        return
    yield job
    for index in range(job.size):
        unmet = {key for item in depends_on for key in _before(job.id, index, item)}
        yield replace(
            job,
            id=f"{job.id}:{index}",
            arn=f"{job.arn}:{index}",
            parent=job.id,
            index=index,
            unmet=unmet,
            attempts=[],
            tags=dict(job.tags),
            children=type(job.children)(),
        )


def _before(parent: str, index: int, item: Wire) -> list[str]:
    """Which jobs child `index` waits for because of one dependency of its array."""
    match item.get("type"):
        case "N_TO_N":
            return [f"{item['jobId']}:{index}"]
        case "SEQUENTIAL":
            return [f"{parent}:{index - 1}"] if index else []
        case _:
            return [item["jobId"]]
