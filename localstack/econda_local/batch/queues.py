"""Operations on job queues."""

from __future__ import annotations

from typing import Any

from econda_local.batch import environments
from econda_local.batch.account import Account
from econda_local.batch.model import TERMINAL, Queue
from econda_local.batch.names import checked_name, page, short
from econda_local.batch.refusal import Refused

Wire = dict[str, Any]

MOST_ENVIRONMENTS = 3


def create(account: Account, request: Wire) -> Wire:
    name = checked_name(request["jobQueueName"], "Job queue name")
    if name in account.engine.queues:
        raise Refused("Object already exists")
    arn = account.place.arn("job-queue", name)
    detail: Wire = {
        "jobQueueName": name,
        "jobQueueArn": arn,
        "state": request.get("state", "ENABLED"),
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "priority": request["priority"],
        "computeEnvironmentOrder": request.get("computeEnvironmentOrder", []),
        "jobQueueType": "ECS",
        "tags": dict(request.get("tags", {})),
    }
    account.engine.queues[name] = _built(account, detail)
    return {"jobQueueName": name, "jobQueueArn": arn}


def update(account: Account, request: Wire) -> Wire:
    queue = find(account, request["jobQueue"])
    members = ("state", "priority", "computeEnvironmentOrder")
    changed = {member: request[member] for member in members if member in request}
    account.engine.queues[queue.name] = _built(account, {**queue.detail, **changed})
    account.engine.schedule()
    return {"jobQueueName": queue.name, "jobQueueArn": queue.arn}


def delete(account: Account, request: Wire) -> Wire:
    """Delete a disabled queue; its jobs are terminated, as AWS does."""
    queue = account.engine.queues.get(short(request["jobQueue"]))
    if queue is None:
        return {}
    if queue.detail["state"] == "ENABLED":
        raise Refused("Cannot delete, JobQueue must be DISABLED")
    for job in list(account.engine.jobs.values()):
        if job.queue == queue.name and job.parent is None and job.status not in TERMINAL:
            account.engine.terminate(job.id, "Job Queue deleted", account.now())
    del account.engine.queues[queue.name]
    return {}


def describe(account: Account, request: Wire) -> Wire:
    wanted = [short(reference) for reference in request.get("jobQueues", [])]
    found = [q.detail for q in account.engine.queues.values() if not wanted or q.name in wanted]
    shown, token = page(found, request.get("maxResults", 100), request.get("nextToken"))
    answer: Wire = {"jobQueues": list(shown)}
    return answer | ({"nextToken": token} if token else {})


def find(account: Account, reference: str) -> Queue:
    """The queue of a name or an ARN. Raises Refused."""
    queue = account.engine.queues.get(short(reference))
    if queue is None:
        raise Refused(f"Job queue {reference} does not exist")
    return queue


def _built(account: Account, detail: Wire) -> Queue:
    order = sorted(detail["computeEnvironmentOrder"], key=lambda item: item["order"])
    if not 1 <= len(order) <= MOST_ENVIRONMENTS:
        raise Refused(f"A job queue needs 1 to {MOST_ENVIRONMENTS} compute environments")
    found = [environments.find(account, item["computeEnvironment"]) for item in order]
    pairs = zip(order, found, strict=True)
    detail["computeEnvironmentOrder"] = [
        {"order": item["order"], "computeEnvironment": environment.arn} for item, environment in pairs
    ]
    names = tuple(environment.name for environment in found)
    return Queue(detail["jobQueueName"], detail["jobQueueArn"], detail, detail["priority"], names)
