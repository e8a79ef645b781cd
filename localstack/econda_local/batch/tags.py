"""TagResource, UntagResource and ListTagsForResource, for every kind of resource that has an ARN."""

from __future__ import annotations

from typing import Any

from econda_local.batch import definitions, environments, queues
from econda_local.batch.account import Account
from econda_local.batch.names import short
from econda_local.batch.refusal import Refused

Wire = dict[str, Any]

MOST_TAGS = 50


def tag(account: Account, request: Wire) -> Wire:
    held = _tags(account, request["resourceArn"])
    if len(held | request["tags"]) > MOST_TAGS:
        raise Refused(f"A resource can have at most {MOST_TAGS} tags")
    held.update(request["tags"])
    _resize(account, request["resourceArn"])
    return {}


def untag(account: Account, request: Wire) -> Wire:
    held = _tags(account, request["resourceArn"])
    for key in request["tagKeys"]:
        held.pop(key, None)
    _resize(account, request["resourceArn"])
    return {}


def listed(account: Account, request: Wire) -> Wire:
    return {"tags": dict(_tags(account, request["resourceArn"]))}


def _tags(account: Account, arn: str) -> dict[str, str]:
    match _kind(arn):
        case "compute-environment":
            return environments.find(account, arn).detail["tags"]
        case "job-queue":
            return queues.find(account, arn).detail["tags"]
        case "job-definition":
            return definitions.find(account, arn, active=False).detail["tags"]
        case "job" if short(arn) in account.engine.jobs:
            return account.engine.jobs[short(arn)].tags
        case _:
            raise Refused(f"Resource {arn} does not exist")


def _resize(account: Account, arn: str) -> None:
    """Memory and GPUs of a compute environment are tags here, so new tags are a new capacity."""
    if _kind(arn) == "compute-environment":
        environment = environments.find(account, arn)
        environment.capacity = environments.capacity(environment.detail)
        account.engine.schedule()


def _kind(arn: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "batch":
        raise Refused(f"{arn} is not an ARN of AWS Batch")
    return parts[5].partition("/")[0]
