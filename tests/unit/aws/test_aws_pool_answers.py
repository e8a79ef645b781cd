"""What the drivers of AWS answer to errors: what is asked wrongly is refused, what the world does is waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.stub import Stubber
from econda_adapters.aws import batch_pool, lambda_pool
from econda_adapters.aws.batch_events import JobLost, job_lost
from econda_adapters.aws.batch_pool import BatchDriver
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.lambda_pool import InvocationLost, LambdaDriver, invocation_lost
from econda_adapters.aws.refusals import answer_to
from msgspec.structs import replace

from econda_cloud.ports.pool import Accepted, Later, Refused, Submission
from tests.conformance.pools import SECRET, submission

FUNCTION = msgspec.Raw(b'{"kind": "function", "function": "f", "limit_ms": 1}')
QUEUE = msgspec.Raw(b'{"kind": "queue", "queue": "q", "definition": "d"}')
NOBODY = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


def error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "as it says"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


@pytest.mark.parametrize(
    ("refusals", "code", "status", "kind"),
    [
        (lambda_pool.REFUSALS, "TooManyRequestsException", 429, Later),
        (lambda_pool.REFUSALS, "ServiceException", 500, Later),
        (lambda_pool.REFUSALS, "ResourceNotReadyException", 502, Later),
        (lambda_pool.REFUSALS, "EC2ThrottledException", 502, Later),
        (lambda_pool.REFUSALS, "AccessDeniedException", 403, Later),
        (lambda_pool.REFUSALS, "SomethingNew", 400, Later),
        (lambda_pool.REFUSALS, "ResourceNotFoundException", 404, Refused),
        (lambda_pool.REFUSALS, "RequestTooLargeException", 413, Refused),
        (lambda_pool.REFUSALS, "InvalidParameterValueException", 400, Refused),
        (batch_pool.REFUSALS, "ClientException", 400, Refused),
        (batch_pool.REFUSALS, "ServerException", 500, Later),
        (batch_pool.REFUSALS, "TooManyRequestsException", 429, Later),
        (batch_pool.REFUSALS, "ThrottlingException", 400, Later),
    ],
)
def test_errors_by_their_code(refusals: tuple[str, ...], code: str, status: int, kind: type) -> None:
    found = answer_to(error(code, status), refusals)
    assert type(found) is kind
    assert found.why == f"{code}: as it says"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), Later),
        (ConnectTimeoutError(endpoint_url="http://x"), Later),
        (NoCredentialsError(), Later),
        (ConnectionResetError("reset"), Later),
        (ParamValidationError(report="Invalid length"), Refused),
        (ValueError("of ours"), Refused),
    ],
)
def test_errors_without_a_code(raised: Exception, kind: type) -> None:
    found = answer_to(raised, ())
    assert type(found) is kind
    assert found.why


def test_throttling_is_tried_again_sooner_than_an_outage() -> None:
    throttled, away = (
        answer_to(error("TooManyRequestsException", 429), ()),
        answer_to(error("ServerException", 503), ()),
    )
    assert isinstance(throttled, Later)
    assert isinstance(away, Later)
    assert throttled.after_ms < away.after_ms


@pytest.fixture
def clients() -> Iterator[Clients]:
    made = Clients(NOBODY)
    yield made
    made.close()


def wanted(chunk: str, target: msgspec.Raw) -> Submission:
    return submission(chunk, "o", target, json.dumps({"token": SECRET}).encode())


def test_a_throttled_job_waits_and_those_beside_it_are_taken(clients: Clients) -> None:
    with Stubber(clients("batch")) as wire:
        wire.add_client_error("submit_job", "TooManyRequestsException", "Rate exceeded", 429)
        (first,) = BatchDriver(clients).submit([wanted("r.1", QUEUE)])
        wire.add_response("submit_job", {"jobId": "j-2", "jobName": "r-2"})
        driver = BatchDriver(clients)
        answers = driver.submit(
            [
                replace(wanted("r.2", QUEUE), assignment=b"\xff"),
                wanted("r.2", QUEUE),
                wanted("r.3", FUNCTION),
            ]
        )
    assert first == Later("TooManyRequestsException: Rate exceeded")
    assert [type(answer) for answer in answers] == [Refused, Accepted, Refused]
    assert SECRET not in repr(answers)


def test_a_refused_definition_is_a_refused_job(clients: Clients) -> None:
    pattern: Any = {
        "jobDefinitionName": "d", "jobDefinitionArn": "arn:d", "revision": 3, "type": "container",
        "containerProperties": {"image": "worker", "command": ["w"]},
    }  # fmt: skip
    with Stubber(clients("batch")) as wire:
        wire.add_response("describe_job_definitions", {"jobDefinitions": [pattern]})
        wire.add_response("describe_job_definitions", {"jobDefinitions": []})
        wire.add_client_error("register_job_definition", "ClientException", "Container.image is no image", 400)
        answers = BatchDriver(clients).submit([replace(wanted("r.1", QUEUE), image="my image: latest!")])
    assert answers == [Refused("ClientException: Container.image is no image")]


def test_a_throttled_invocation_waits(clients: Clients) -> None:
    with Stubber(clients("lambda")) as wire:
        wire.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.", 429)
        answers = LambdaDriver(clients).submit([wanted("r.1", FUNCTION)])
    assert answers == [Later("TooManyRequestsException: Rate Exceeded.")]


def detail(**more: Any) -> dict[str, Any]:
    environment = [{"name": "ECONDA_CHUNK", "value": "r.1"}, {"name": "ECONDA_CHUNK_RUN", "value": "r"}]
    return {
        "jobId": "job-2", "status": "FAILED", "statusReason": "Host EC2 (instance i-2) terminated.",
        "container": {"environment": environment}, **more,
    }  # fmt: skip


def test_a_lost_job_says_which_one_it_was_and_when_it_ran() -> None:
    lost = JobLost(
        run="r", chunk="r.1", handle="job-2", index=None, failure="preempted", started_ms=None, ended_ms=None,
        message="AWS Batch: Host EC2 (instance i-2) terminated.",
    )  # fmt: skip
    assert job_lost(detail()) == lost
    times = {"startedAt": 1_000, "stoppedAt": 2_000}
    assert job_lost(detail(**times)) == replace(lost, started_ms=1_000, ended_ms=2_000)
    member = detail(jobId="job-2:7", arrayProperties={"index": 7})
    assert job_lost(member) == replace(lost, index=7), "the handle is the array's"
    assert job_lost(detail(status="SUCCEEDED")) is None
    assert job_lost(detail(container={})) is None
    assert job_lost(detail(arrayProperties={"size": 3, "statusSummary": {}})) is None


def test_a_lost_invocation_says_which_one_it_was() -> None:
    body = {"requestContext": {"requestId": "id-1"}, "requestPayload": {"any": "thing"}}
    killed = {"errorMessage": "Error: Runtime exited with error: signal: killed", "errorType": "Runtime.ExitError"}
    assert invocation_lost({**body, "responsePayload": killed}) == InvocationLost(
        handle="id-1", request={"any": "thing"}, killed=True, message=f"the function ended: {killed['errorMessage']}"
    )
    plain = invocation_lost(body)
    assert plain is not None
    assert not plain.killed
    assert invocation_lost({"message": "run_events"}) is None
