"""Compute environments, job queues and job definitions.

Against AWS itself every step here would have to wait for the one before; the local Batch endpoint is done at once.
"""

from __future__ import annotations

import json
from typing import Any

from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made


def _create_environment(clients: Clients, inputs: Inputs) -> Made:
    answer = clients("batch").create_compute_environment(
        computeEnvironmentName=inputs["name"],
        type=inputs["type"],
        computeResources=_resources(inputs["computeResources"]),
        tags=inputs["tags"],
    )
    return Made(inputs["name"], {"arn": answer["computeEnvironmentArn"]})


def _update_environment(clients: Clients, made: Made, inputs: Inputs) -> Made:
    # Tags first: the endpoint takes the capacity from them when the environment changes.
    clients("batch").tag_resource(resourceArn=made.outputs["arn"], tags=inputs["tags"])
    clients("batch").update_compute_environment(
        computeEnvironment=made.id, computeResources=_resources(inputs["computeResources"])
    )
    return made


def _delete_environment(clients: Clients, made: Made) -> None:
    clients("batch").update_compute_environment(computeEnvironment=made.id, state="DISABLED")
    clients("batch").delete_compute_environment(computeEnvironment=made.id)


def _resources(inputs: dict[str, Any]) -> dict[str, Any]:
    theirs = {"minVcpus": "minvCpus", "maxVcpus": "maxvCpus"}
    return {theirs.get(name, name): int(value) if isinstance(value, float) else value for name, value in inputs.items()}


def _create_queue(clients: Clients, inputs: Inputs) -> Made:
    answer = clients("batch").create_job_queue(jobQueueName=inputs["name"], state=inputs["state"], **_ordered(inputs))
    return Made(inputs["name"], {"arn": answer["jobQueueArn"]})


def _update_queue(clients: Clients, made: Made, inputs: Inputs) -> Made:
    clients("batch").update_job_queue(jobQueue=made.id, state=inputs["state"], **_ordered(inputs))
    return made


def _delete_queue(clients: Clients, made: Made) -> None:
    clients("batch").update_job_queue(jobQueue=made.id, state="DISABLED")
    clients("batch").delete_job_queue(jobQueue=made.id)


def _ordered(inputs: Inputs) -> dict[str, Any]:
    order = [
        {"order": int(each["order"]), "computeEnvironment": each["computeEnvironment"]}
        for each in inputs["computeEnvironmentOrders"]
    ]
    return {"priority": int(inputs["priority"]), "computeEnvironmentOrder": order}


def _define(clients: Clients, inputs: Inputs) -> Made:
    answer = clients("batch").register_job_definition(
        jobDefinitionName=inputs["name"],
        type=inputs["type"],
        platformCapabilities=inputs["platformCapabilities"],
        containerProperties=json.loads(inputs["containerProperties"]),
        retryStrategy={"attempts": int(inputs["retryStrategy"]["attempts"])},
    )
    return Made(inputs["name"], {"arn": answer["jobDefinitionArn"]})


def _redefine(clients: Clients, made: Made, inputs: Inputs) -> Made:
    """A new revision; the old one is withdrawn only then, so that there always is one."""
    new = _define(clients, inputs)
    _withdraw(clients, made)
    return new


def _withdraw(clients: Clients, made: Made) -> None:
    clients("batch").deregister_job_definition(jobDefinition=made.outputs["arn"])


def _template(clients: Clients, inputs: Inputs) -> Made:
    data = {
        "UserData": inputs["userData"],
        "MetadataOptions": {
            "HttpEndpoint": inputs["metadataOptions"]["httpEndpoint"],
            "HttpTokens": inputs["metadataOptions"]["httpTokens"],
            "HttpPutResponseHopLimit": int(inputs["metadataOptions"]["httpPutResponseHopLimit"]),
        },
    }
    made = clients("ec2").create_launch_template(LaunchTemplateName=inputs["name"], LaunchTemplateData=data)
    return Made(made["LaunchTemplate"]["LaunchTemplateId"], {"latestVersion": 1})


def _remove_template(clients: Clients, made: Made) -> None:
    clients("ec2").delete_launch_template(LaunchTemplateId=made.id)


KINDS = {
    "aws:ec2/launchTemplate:LaunchTemplate": Kind(_template, _remove_template),
    "aws:batch/computeEnvironment:ComputeEnvironment": Kind(
        _create_environment, _delete_environment, _update_environment
    ),
    "aws:batch/jobQueue:JobQueue": Kind(_create_queue, _delete_queue, _update_queue),
    "aws:batch/jobDefinition:JobDefinition": Kind(_define, _withdraw, _redefine),
}
