"""Operations on job definitions."""

from __future__ import annotations

import re
from typing import Any

from econda_local.batch import specs
from econda_local.batch.account import Account
from econda_local.batch.model import Definition
from econda_local.batch.names import checked_name, page, short
from econda_local.batch.refusal import Refused

Wire = dict[str, Any]

_KEPT = ("parameters", "retryStrategy", "timeout", "propagateTags", "schedulingPriority", "containerProperties")
_IMAGE = re.compile(r"[A-Za-z0-9._:/@#-]{1,255}")
"""https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html"""

_ABSENT_HERE = ("nodeProperties", "eksProperties", "ecsProperties", "consumableResourceProperties")


def register(account: Account, request: Wire) -> Wire:
    name = checked_name(request["jobDefinitionName"], "Job definition name")
    unsupported = [member for member in _ABSENT_HERE if member in request]
    if request["type"] != "container" or unsupported:
        raise Refused(f"Only container jobs exist here, not {unsupported or request['type']}")
    if "containerProperties" not in request:
        raise Refused("containerProperties is required for a container job")
    properties = request["containerProperties"]
    if not properties.get("image"):
        raise Refused("Container.image is required")
    if not _IMAGE.fullmatch(properties["image"]):
        raise Refused("Error executing request, Exception : Container.image contains invalid characters.")
    container = specs.effective_container(properties, {}, {})
    specs.spec(container, request.get("retryStrategy", {}), request.get("timeout", {}), account.shortest_timeout)
    revisions = account.definitions.setdefault(name, [])
    revision = len(revisions) + 1
    arn = account.place.arn("job-definition", f"{name}:{revision}")
    detail: Wire = {
        "jobDefinitionName": name,
        "jobDefinitionArn": arn,
        "revision": revision,
        "status": "ACTIVE",
        "type": "container",
        "parameters": {},
        "platformCapabilities": request.get("platformCapabilities", ["EC2"]),
        "containerOrchestrationType": "ECS",
        "tags": dict(request.get("tags", {})),
    }
    detail.update({member: request[member] for member in _KEPT if member in request})
    revisions.append(Definition(name, revision, arn, detail))
    return {"jobDefinitionName": name, "jobDefinitionArn": arn, "revision": revision}


def deregister(account: Account, request: Wire) -> Wire:
    find(account, request["jobDefinition"], active=False).detail["status"] = "INACTIVE"
    return {}


def describe(account: Account, request: Wire) -> Wire:
    """By ARN or name:revision, by name, or all; `status` narrows the last two."""
    if "jobDefinitions" in request:
        found = [d for ref in request["jobDefinitions"] for d in _matching(account, ref)]
    elif "jobDefinitionName" in request:
        found = list(account.definitions.get(short(request["jobDefinitionName"]), []))
    else:
        found = [d for revisions in account.definitions.values() for d in revisions]
    if "status" in request:
        found = [d for d in found if d.detail["status"] == request["status"]]
    newest_first = sorted(found, key=lambda d: (d.name, -d.revision))
    shown, token = page(newest_first, request.get("maxResults", 100), request.get("nextToken"))
    answer: Wire = {"jobDefinitions": [d.detail for d in shown]}
    return answer | ({"nextToken": token} if token else {})


def find(account: Account, reference: str, *, active: bool = True) -> Definition:
    """The definition a name (its latest active revision), a name:revision or an ARN means. Raises Refused."""
    for definition in reversed(_matching(account, reference)):
        if not active or definition.detail["status"] == "ACTIVE":
            return definition
    raise Refused(f"Job Definition {reference} does not exist or is not active")


def _matching(account: Account, reference: str) -> list[Definition]:
    name, _, revision = short(reference).partition(":")
    return [d for d in account.definitions.get(name, []) if not revision or str(d.revision) == revision]
