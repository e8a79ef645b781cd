"""Operations on compute environments. Instances are not simulated: an environment is so much vCPU, memory and GPU."""

from __future__ import annotations

from typing import Any

from econda_local.batch.account import Account
from econda_local.batch.model import MILLI, Environment, Resources
from econda_local.batch.names import checked_name, page, short
from econda_local.batch.refusal import Refused

Wire = dict[str, Any]

MEMORY_TAG, GPUS_TAG = "econda:memory-mib", "econda:gpus"
DEFAULT_MEMORY_MIB = 16384


def create(account: Account, request: Wire) -> Wire:
    name = checked_name(request["computeEnvironmentName"], "Compute environment name")
    if name in account.engine.environments:
        raise Refused("Object already exists")
    if request["type"] != "MANAGED" or "computeResources" not in request:
        raise Refused("Only MANAGED compute environments with computeResources exist here")
    arn = account.place.arn("compute-environment", name)
    detail: Wire = {
        "computeEnvironmentName": name,
        "computeEnvironmentArn": arn,
        "ecsClusterArn": account.place.ecs("cluster", f"AWSBatch-{name}"),
        "type": "MANAGED",
        "state": request.get("state", "ENABLED"),
        "status": "VALID",
        "statusReason": "ComputeEnvironment Healthy",
        "computeResources": dict(request["computeResources"]),
        "serviceRole": request.get("serviceRole", ""),
        "containerOrchestrationType": "ECS",
        "uuid": account.new_id(),
        "tags": dict(request.get("tags", {})),
    }
    account.engine.environments[name] = Environment(name, arn, detail, capacity(detail))
    account.engine.schedule()
    return {"computeEnvironmentName": name, "computeEnvironmentArn": arn}


def update(account: Account, request: Wire) -> Wire:
    environment = find(account, request["computeEnvironment"])
    detail = environment.detail
    changed = {member: request[member] for member in ("state", "serviceRole") if member in request}
    merged = {**detail["computeResources"], **request.get("computeResources", {})}
    updated = {**detail, **changed, "computeResources": merged}
    environment.capacity = capacity(updated)
    environment.detail = updated
    account.engine.schedule()
    return {"computeEnvironmentName": environment.name, "computeEnvironmentArn": environment.arn}


def delete(account: Account, request: Wire) -> Wire:
    environment = account.engine.environments.get(short(request["computeEnvironment"]))
    if environment is None:
        return {}
    if environment.enabled:
        raise Refused("Cannot delete, state must be DISABLED")
    if any(environment.name in queue.environments for queue in account.engine.queues.values()):
        raise Refused("Cannot delete, found existing JobQueue relationship")
    del account.engine.environments[environment.name]
    return {}


def describe(account: Account, request: Wire) -> Wire:
    wanted = [short(reference) for reference in request.get("computeEnvironments", [])]
    found = [e.detail for e in account.engine.environments.values() if not wanted or e.name in wanted]
    shown, token = page(found, request.get("maxResults", 100), request.get("nextToken"))
    answer: Wire = {"computeEnvironments": list(shown)}
    return answer | ({"nextToken": token} if token else {})


def find(account: Account, reference: str) -> Environment:
    """The compute environment of a name or an ARN. Raises Refused."""
    environment = account.engine.environments.get(short(reference))
    if environment is None:
        raise Refused(f"{reference} does not exist")
    return environment


def capacity(detail: Wire) -> Resources:
    """maxvCpus, and memory (MiB) and GPUs from the tags, since instance types are not simulated. Raises Refused."""
    tags = detail["tags"]
    try:
        memory, gpus = int(tags.get(MEMORY_TAG, DEFAULT_MEMORY_MIB)), int(tags.get(GPUS_TAG, 0))
    except ValueError:
        raise Refused(f"The tags {MEMORY_TAG} and {GPUS_TAG} must be whole numbers") from None
    return Resources(detail["computeResources"]["maxvCpus"] * MILLI, memory, gpus)
