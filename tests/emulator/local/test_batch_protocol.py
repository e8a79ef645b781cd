"""What the local Batch refuses and how, tags, pages, and the life of queues and environments."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from econda_local.cloud import LocalCloud

pytestmark = pytest.mark.emulator

SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]


@pytest.fixture
def batch(client: Callable[[str], Any]) -> Any:
    return client("batch")


@pytest.fixture
def unchecked(client: Callable[..., Any]) -> Any:
    """A client that sends whatever it is given, so that the endpoint has to check."""
    return client("batch", config=Config(parameter_validation=False, retries={"max_attempts": 0}))


def environment(batch: Any, name: str, **members: Any) -> str:
    return batch.create_compute_environment(
        computeEnvironmentName=name,
        type="MANAGED",
        computeResources={"type": "EC2", "maxvCpus": 1, "subnets": ["s"]},
        **members,
    )["computeEnvironmentArn"]


def queue(batch: Any, name: str) -> str:
    order = [{"order": 1, "computeEnvironment": environment(batch, name)}]
    return batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)["jobQueueArn"]


def definition(batch: Any, name: str, **members: Any) -> str:
    container = {"image": "process:x", "command": ["true"], "resourceRequirements": SIZE}
    made = batch.register_job_definition(
        jobDefinitionName=name, type="container", containerProperties=container, **members
    )
    return made["jobDefinitionArn"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"jobQueue": "q", "jobDefinition": "d"}, 'Missing required parameter in input: "jobName"'),
        ({"jobName": 7, "jobQueue": "q", "jobDefinition": "d"}, "Invalid type for parameter jobName"),
        (
            {"jobName": "j", "jobQueue": "q", "jobDefinition": "d", "retryStrategy": {"attempts": "many"}},
            "Invalid type",
        ),
        ({"jobName": "j", "jobQueue": "no-such-queue", "jobDefinition": "d"}, "no-such-queue does not exist"),
        (
            {"jobName": "j", "jobQueue": "q", "jobDefinition": "d", "dependsOn": [{"type": "SOMETIMES"}]},
            "'SOMETIMES' is not one of N_TO_N, SEQUENTIAL",
        ),
    ],
)
def test_bad_submissions(unchecked: Any, members: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match="ClientException") as refused:
        unchecked.submit_job(**members)
    assert refused.value.response["Error"]["Code"] == "ClientException"
    assert told in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unknown_member_is_refused(local_cloud: LocalCloud) -> None:
    request = urllib.request.Request(f"{local_cloud.batch_endpoint_url}/v1/describejobs", b'{"jobs":[],"job":1}')
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request):
        pass
    with refused.value as answer:
        assert answer.headers["x-amzn-errortype"] == "ClientException"
        assert 'Unknown parameter in input: "job"' in json.load(answer)["message"]


def test_an_operation_that_does_not_exist_here_is_refused(batch: Any) -> None:
    with pytest.raises(ClientError, match="CreateSchedulingPolicy does not exist in the local Batch"):
        batch.create_scheduling_policy(name="p")


def test_tags_of_every_kind_of_resource(batch: Any, name: str) -> None:
    arns = [queue(batch, name), definition(batch, name, tags={"a": "1"})]
    arns.append(
        batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"][0][
            "computeEnvironmentArn"
        ]
    )
    arns.append(batch.submit_job(jobName=name, jobQueue=name, jobDefinition=name)["jobArn"])
    for arn in arns:
        batch.tag_resource(resourceArn=arn, tags={"a": "2", "b c": "d/é"})
        assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2", "b c": "d/é"}
        batch.untag_resource(resourceArn=arn, tagKeys=["b c", "none"])
        assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2"}
    with pytest.raises(ClientError, match="ClientException"):
        batch.list_tags_for_resource(resourceArn=arns[0] + "-none")


def test_tags_are_propagated_from_the_definition_when_asked(batch: Any, name: str) -> None:
    queue(batch, name)
    definition(batch, name, tags={"team": "a", "cost": "1"}, propagateTags=True)
    key = batch.submit_job(jobName=name, jobQueue=name, jobDefinition=name, tags={"cost": "2"})["jobId"]
    assert batch.describe_jobs(jobs=[key])["jobs"][0]["tags"] == {"team": "a", "cost": "2"}


def test_listing_jobs_page_by_page(batch: Any, name: str, until: Any) -> None:
    queue(batch, name)
    definition(batch, name)
    keys = [batch.submit_job(jobName=f"{name}-{n}", jobQueue=name, jobDefinition=name)["jobId"] for n in range(7)]
    until(lambda: all(j["status"] == "SUCCEEDED" for j in batch.describe_jobs(jobs=keys)["jobs"]))
    paginator = batch.get_paginator("list_jobs")
    pages = list(paginator.paginate(jobQueue=name, jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 3}))
    assert [len(page["jobSummaryList"]) for page in pages] == [3, 3, 1]
    assert [item["jobId"] for page in pages for item in page["jobSummaryList"]] == keys[::-1]
    assert batch.list_jobs(jobQueue=name)["jobSummaryList"] == []
    filtered = batch.list_jobs(jobQueue=name, filters=[{"name": "JOB_NAME", "values": [f"{name}-3*"]}])
    assert [item["jobId"] for item in filtered["jobSummaryList"]] == [keys[3]]


def test_definitions_have_revisions(batch: Any, name: str) -> None:
    first, second = definition(batch, name), definition(batch, name)
    batch.deregister_job_definition(jobDefinition=first)
    described = batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
    assert [(d["jobDefinitionArn"], d["status"]) for d in described] == [(second, "ACTIVE"), (first, "INACTIVE")]
    active = batch.describe_job_definitions(jobDefinitionName=name, status="ACTIVE")["jobDefinitions"]
    assert [d["revision"] for d in active] == [2]


def test_queues_and_environments_are_deleted_in_order(batch: Any, name: str) -> None:
    queue(batch, name)
    with pytest.raises(ClientError, match="must be DISABLED"):
        batch.delete_job_queue(jobQueue=name)
    batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
    with pytest.raises(ClientError, match="found existing JobQueue relationship"):
        batch.delete_compute_environment(computeEnvironment=name)
    batch.update_job_queue(jobQueue=name, state="DISABLED")
    batch.delete_job_queue(jobQueue=name)
    batch.delete_compute_environment(computeEnvironment=name)
    assert batch.describe_job_queues(jobQueues=[name])["jobQueues"] == []
    assert batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"] == []
