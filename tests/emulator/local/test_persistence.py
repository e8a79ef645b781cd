"""A local cloud that ended by anything but `down` comes back as it was last saved."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import socket
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from econda_local import cloud, detached, session
from econda_local.ministack import saved_moment

from tests.waiting import Until

pytestmark = pytest.mark.emulator

CODE = """
import boto3, json, os, pathlib, time

def handler(event, context):
    if "pid" in event:
        pathlib.Path(event["pid"]).write_text(str(os.getpid()))
        time.sleep(600)
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
"""
LARGE = bytes(range(256)) * 400


class Site:
    """The cloud of one home, and clients of it that outlive it."""

    def __init__(self, home: Path) -> None:
        self.home, self.local = home, cloud.up(home)
        settings = self.local.environment()
        made = boto3.session.Session(  # pyright: ignore
            settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"], region_name=self.local.region
        )
        url = self.local.endpoint_url
        self.s3, self.sqs, self.table, self.functions = (
            made.client(name, endpoint_url=url)
            for name in ("s3", "sqs", "dynamodb", "lambda")  # pyright: ignore
        )
        self.batch = made.client("batch", endpoint_url=self.local.batch_endpoint_url)

    def saved(self, until: Until) -> None:
        """What was done so far is saved."""
        now = time.time()
        self.sqs.create_queue(QueueName=f"q{time.time_ns()}")  # a change, so that there is something to save
        until(lambda: (saved_moment(self.home / "local" / "ministack") or 0) > now, "it is saved")

    def killed(self) -> None:
        for pid in self.local.pids.values():
            os.kill(pid, signal.SIGKILL)

    def again(self) -> cloud.LocalCloud:
        self.local = cloud.up(self.home)
        return self.local

    def queue(self, name: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def function(self, out: str, name: str) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("app.py", CODE)
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/any",
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=600,
            Environment={"Variables": {"OUT": out}},
        )

    def received(self, url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageSystemAttributeNames=["All"])
        return answer.get("Messages", [])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("ECONDA_LOCAL_SAVE_SECONDS", "0.05")
    home = tmp_path / "home"
    made = Site(home)
    yield made
    for client in (made.s3, made.sqs, made.table, made.functions, made.batch):
        client.close()
    cloud.down(home)


def test_all_that_aws_keeps_is_there_again(site: Site, until: Until, caplog: pytest.LogCaptureFixture) -> None:
    before = site.local
    site.s3.create_bucket(Bucket="bucket")
    site.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    versions = [site.s3.put_object(Bucket="bucket", Key="k", Body=body)["VersionId"] for body in (LARGE, b"small")]
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    typed = [{"AttributeName": "id", "AttributeType": "S"}]
    site.table.create_table(TableName="table", KeySchema=key, AttributeDefinitions=typed, BillingMode="PAY_PER_REQUEST")
    site.table.put_item(TableName="table", Item={"id": {"S": "one"}, "n": {"N": "1"}})
    waiting, _ = site.queue("waiting")
    site.sqs.send_message(QueueUrl=waiting, MessageBody="taken by somebody who then dies")
    assert len(site.received(waiting)) == 1
    incoming, arn = site.queue("incoming")
    out, _ = site.queue("out")
    site.function(out, "f")
    site.functions.create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
    site.batch.create_compute_environment(
        computeEnvironmentName="ce", type="MANAGED", computeResources={"type": "EC2", "maxvCpus": 1, "subnets": ["s"]}
    )
    site.saved(until)
    site.killed()
    with caplog.at_level(logging.WARNING, "econda_local"):
        after = site.again()
    assert "are back as they were at" in caplog.text
    assert (after.endpoint_url, after.batch_endpoint_url) == (before.endpoint_url, before.batch_endpoint_url)
    bodies = [site.s3.get_object(Bucket="bucket", Key="k", VersionId=each)["Body"].read() for each in versions]
    assert bodies == [LARGE, b"small"]
    assert site.table.get_item(TableName="table", Key={"id": {"S": "one"}})["Item"]["n"] == {"N": "1"}
    (message,) = site.received(waiting)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2", "the first delivery counts"
    assert len(site.batch.describe_compute_environments()["computeEnvironments"]) == 1
    site.sqs.send_message(QueueUrl=incoming, MessageBody="for the function")
    (answer,) = until(lambda: site.received(out), "the mapping hands it over")
    assert json.loads(answer["Body"])["Records"][0]["body"] == "for the function"


def test_a_function_dies_with_the_emulator_and_its_invocation_has_failed(
    site: Site, until: Until, tmp_path: Path
) -> None:
    failed, arn = site.queue("failed")
    site.function(failed, "f")
    site.functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    event, file = {"pid": str(tmp_path / "pid")}, tmp_path / "pid"
    site.functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))
    until(lambda: file.exists() and file.read_text(), "the function runs")
    site.saved(until)
    os.kill(site.local.pids["ministack"], signal.SIGKILL)
    until(lambda: not detached.alive(int(file.read_text())), "the function's process ends")
    until(lambda: not session.members(site.local.pids["ministack"]), "so does all else")
    site.again()
    (message,) = until(lambda: site.received(failed), "the destination is told")
    assert json.loads(message["Body"])["requestPayload"] == event


def test_what_is_saved_is_one_moment(site: Site, until: Until) -> None:
    """Written one after the other, so each has as many as the next, or one more."""
    site.s3.create_bucket(Bucket="bucket")
    url, _ = site.queue("queue")
    site.saved(until)
    first = saved_moment(site.home / "local" / "ministack") or 0.0
    number = 0
    while (saved_moment(site.home / "local" / "ministack") or 0.0) < first + 0.5:
        site.s3.put_object(Bucket="bucket", Key=str(number), Body=LARGE + str(number).encode())
        site.sqs.send_message(QueueUrl=url, MessageBody=str(number))
        number += 1
    site.killed()
    site.again()
    objects = len(site.s3.list_objects_v2(Bucket="bucket").get("Contents", []))
    told = site.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert 0 < objects <= number
    assert objects - int(told["Attributes"]["ApproximateNumberOfMessages"]) in (0, 1)


def test_reading_saves_nothing(site: Site, until: Until) -> None:
    site.s3.create_bucket(Bucket="bucket")
    site.saved(until)
    file = site.home / "local" / "ministack" / "state" / "snapshot"

    def still() -> bool:
        before, end = file.stat().st_ino, time.monotonic() + 1
        while time.monotonic() < end:
            site.s3.list_objects_v2(Bucket="bucket")
        return file.stat().st_ino == before

    until(still, "a second of reading, twenty times as long as between two saves, in which nothing is saved")


def test_two_who_start_it_at_once_get_the_same(site: Site, until: Until) -> None:
    site.saved(until)
    site.killed()
    with ThreadPoolExecutor(2) as both:
        one, two = both.map(cloud.up, [site.home, site.home])
    assert one == two == cloud.status(site.home)


def listening(port: int) -> socket.socket | None:
    """A server of our own at a port, if it is free."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def test_what_cannot_come_back_is_told_and_kept(
    site: Site, until: Until, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site.queue(name)
    site.saved(until)
    site.killed()
    port = int(site.local.endpoint_url.rpartition(":")[2])
    monkeypatch.setattr(cloud, "PORT_PATIENCE", 0.1)
    # Not only what was killed may have it for a moment longer: connections of others end at any port.
    with until(lambda: listening(port), "the port is free"), pytest.raises(detached.DidNotStart, match=f"port {port}"):
        site.again()
    file = site.home / "local" / "ministack" / "state" / "snapshot"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(detached.DidNotStart, match="damaged"):
        site.again()
    file.write_bytes(whole)
    site.again()
    assert site.sqs.get_queue_url(QueueName=name)
