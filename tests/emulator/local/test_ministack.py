"""What the project relies on in ministack, and what `serve.py` adds to it; see localstack/README.md."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from econda_local.cloud import LocalCloud

pytestmark = pytest.mark.emulator

CODE = """
import boto3, json, os, time

def handler(event, context):
    if event == "environment":
        return dict(os.environ)
    if event == "where":
        time.sleep(0.5)
        return [os.getpid(), os.path.realpath(__file__)]
    if event == "raise":
        raise ValueError("boom")
    if event == "exit":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    if event == "span":
        begun = time.time()
        time.sleep(0.3)
        event = [begun, time.time()]
    failed = []
    if isinstance(event, dict) and "Records" in event:
        failed = [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]
        event = [r["body"] for r in event["Records"]]
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
    return {"batchItemFailures": failed}
"""


class Workdir:
    """Queues and functions of one test."""

    def __init__(self, client: Callable[..., Any], until: Any, name: str) -> None:
        self.sqs, self.awslambda, self.until, self.name = client("sqs"), client("lambda"), until, name

    def queue(self, suffix: str, **attributes: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=f"{self.name}-{suffix}", Attributes=attributes)["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def function(self, out: str, timeout: int = 30) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("app.py", CODE)
        self.awslambda.create_function(
            FunctionName=self.name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/any",
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=timeout,
            Environment={"Variables": {"OUT": out}},
        )
        waiting = {"Delay": 0.1, "MaxAttempts": 200}
        self.awslambda.get_waiter("function_active_v2").wait(FunctionName=self.name, WaiterConfig=waiting)
        return self.name

    def received(self, url: str, number: int) -> list[Any]:
        """The bodies of so many messages, decoded."""
        bodies: list[Any] = []

        def enough() -> bool:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(bodies) >= number

        self.until(enough, f"{number} messages")
        return bodies


@pytest.fixture
def workdir(client: Callable[..., Any], until: Any, name: str) -> Workdir:
    return Workdir(client, until, name)


def test_a_function_is_led_to_both_endpoints(workdir: Workdir, local_cloud: LocalCloud) -> None:
    name = workdir.function(workdir.queue("out")[0])
    seen = json.load(workdir.awslambda.invoke(FunctionName=name, Payload=b'"environment"')["Payload"])
    assert seen["AWS_ENDPOINT_URL"] == local_cloud.endpoint_url
    assert seen["AWS_ENDPOINT_URL_BATCH"] == local_cloud.batch_endpoint_url
    assert "ECONDA_EMITTER_TOKEN" not in seen


def test_processes_of_a_function_share_its_unpacked_code(workdir: Workdir) -> None:
    name = workdir.function(workdir.queue("out")[0])

    def where(_: int) -> list[Any]:
        return json.load(workdir.awslambda.invoke(FunctionName=name, Payload=b'"where"')["Payload"])

    with ThreadPoolExecutor(2) as both:
        one, two = both.map(where, range(2))
    assert one[0] != two[0]
    assert one[1] == two[1]


def test_a_function_writes_into_its_log_group_and_never_makes_one(workdir: Workdir, client: Callable[..., Any]) -> None:
    logs, name = client("logs"), workdir.function(workdir.queue("out")[0])
    group = f"/aws/lambda/{name}"
    workdir.awslambda.invoke(FunctionName=name, Payload=b"1")
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    logs.create_log_group(logGroupName=group)
    workdir.awslambda.invoke(FunctionName=name, Payload=b"1")
    assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == 1
    logs.delete_log_group(logGroupName=group)


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("raise", "Runtime.HandlerError", "boom"),
        ("exit", "Runtime.HandlerError", "Worker process died"),
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_a_failed_asynchronous_invocation_reaches_its_destination(
    workdir: Workdir, mode: str, kind: str, message: str
) -> None:
    url, arn = workdir.queue("failed")
    name = workdir.function(url, timeout=1)
    destination = {"OnFailure": {"Destination": arn}}
    workdir.awslambda.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=destination
    )
    workdir.awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(mode))
    (body,) = workdir.received(url, 1)
    assert body["requestPayload"] == mode
    assert body["responsePayload"] == {"errorMessage": message, "errorType": kind}
    assert body["responseContext"]["functionError"] == "Unhandled"


def test_throttled_asynchronous_invocations_wait_for_their_turn(workdir: Workdir) -> None:
    out, _ = workdir.queue("out")
    name = workdir.function(out)
    workdir.awslambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    workdir.awslambda.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    for _ in range(6):
        workdir.awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b'"span"')
    spans = workdir.received(out, 6)
    assert max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans) == 2


def test_a_batch_is_as_large_as_the_mapping_says_and_single_messages_can_fail(workdir: Workdir) -> None:
    out, _ = workdir.queue("out")
    incoming, arn = workdir.queue("in", VisibilityTimeout="4")
    for start in range(0, 60, 10):
        bodies = ["bad" if n == 7 else str(n) for n in range(start, start + 10)]
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        workdir.sqs.send_message_batch(QueueUrl=incoming, Entries=entries)
    mapping = workdir.awslambda.create_event_source_mapping(
        FunctionName=workdir.function(out),
        EventSourceArn=arn,
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    first, again = workdir.received(out, 2)
    workdir.awslambda.delete_event_source_mapping(UUID=mapping["UUID"])
    assert (len(first), again) == (60, ["bad"])


def test_a_one_time_schedule_fires_within_seconds(workdir: Workdir, client: Callable[..., Any]) -> None:
    out, arn = workdir.queue("out")
    due = datetime.now(UTC) + timedelta(seconds=1)
    client("scheduler").create_schedule(
        Name=workdir.name,
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/any", "Input": '{"now": true}'},
    )
    begun = time.monotonic()
    assert workdir.received(out, 1) == [{"now": True}]
    assert time.monotonic() - begun < 8


def test_only_the_batch_endpoint_may_publish_as_aws(client: Callable[..., Any]) -> None:
    entry = {"Source": "aws.batch", "DetailType": "Batch Job State Change", "Detail": "{}", "TraceHeader": "guess"}
    answered = client("events").put_events(Entries=[entry])
    assert answered["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
