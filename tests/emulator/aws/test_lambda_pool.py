"""The conformance of pools on functions of the local cloud, and what is Lambda's own."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import msgspec
import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.lambda_pool import ASSIGNMENT_MOST, LambdaDriver
from econda_local.cloud import LocalCloud
from msgspec.structs import replace

from econda_cloud.money.prices import Price
from econda_cloud.money.snapshot import lambda_price
from econda_cloud.ports.pool import Accepted, AtMost, PoolDriver, Refused, Submission, Targets, Unknown
from tests.conformance.pools import SECRET, submission, wait_a_little
from tests.conformance.test_pool import (  # noqa: F401
    test_a_pool_that_cannot_be_reached_is_waited_for,
    test_a_submission_does_not_show_its_token,
    test_an_image_is_refused_where_none_is_taken,
    test_cancelling_what_is_not_there_is_no_error,
    test_capacity_is_told_by_offer,
    test_nothing_submitted_is_nothing_answered,
    test_one_bad_submission_spoils_no_other,
    test_prices_are_told_by_offer_or_unknown,
    test_what_it_can_do_is_data,
)

pytestmark = pytest.mark.emulator

CODE = """
import boto3, json, os

def handler(event, context):
    told = json.dumps({"event": event, "id": context.aws_request_id})
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=told)
"""


class LambdaBench:
    worker_can_fail = True

    def __init__(self, cloud: LocalCloud, name: str, clients: Clients) -> None:
        self.name, self.clients = name, clients
        self.driver: PoolDriver = LambdaDriver(clients)
        self._silent = Clients({**cloud.environment(), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
        self.away: PoolDriver | None = LambdaDriver(self._silent)
        self.targets: Targets = {"function": self.target()}
        self.queue = clients("sqs").create_queue(QueueName=name)["QueueUrl"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("app.py", CODE)
        clients("lambda").create_function(
            FunctionName=name, Runtime="python3.11", Role="arn:aws:iam::000000000000:role/r", Handler="app.handler",
            Code={"ZipFile": archive.getvalue()}, MemorySize=512, Timeout=20, Environment={"Variables": {"OUT": self.queue}},
        )  # fmt: skip

    def target(self, **other: Any) -> msgspec.Raw:
        return msgspec.Raw(
            json.dumps({"kind": "function", "function": self.name, "limit_ms": 20_000, **other}).encode()
        )

    def submission(self, what: str, chunk: str, size: int = 1) -> Submission:
        target = self.target(function="no-such-function") if what == "impossible" else self.targets["function"]
        return submission(chunk, "function", target, json.dumps({"do": what, "token": SECRET}).encode(), size)

    def go_on(self) -> None:
        wait_a_little()

    def close(self) -> None:
        self._silent.close()


@pytest.fixture
def bench(local_cloud: LocalCloud, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    clients = Clients(local_cloud.environment())
    made = LambdaBench(local_cloud, name, clients)
    yield made
    made.close()
    clients.close()


def test_the_function_is_handed_the_assignment(bench: LambdaBench, until: Any) -> None:
    (answer,) = bench.driver.submit([bench.submission("ends", "r.1")])
    assert isinstance(answer, Accepted)
    sqs = bench.clients("sqs")
    found = until(lambda: sqs.receive_message(QueueUrl=bench.queue, WaitTimeSeconds=1).get("Messages"), "a word of it")
    assert json.loads(found[0]["Body"])["event"] == {"do": "ends", "token": SECRET}


def test_a_function_that_is_gone_is_refused_with_its_name(bench: LambdaBench) -> None:
    (answer,) = bench.driver.submit([bench.submission("impossible", "r.1")])
    assert isinstance(answer, Refused)
    assert "no-such-function" in answer.why


def test_the_namespace_is_the_tenant_of_functions_that_have_tenants(bench: LambdaBench) -> None:
    """Looked at on the wire: the emulator knows no tenants."""
    seen: list[bytes | None] = []
    wire = bench.clients("lambda").meta.events
    wire.register("before-send.lambda.Invoke", lambda request, **_: seen.append(request.headers.get("X-Amz-Tenant-Id")))
    wanted = bench.submission("ends", "r.1")
    tenants = replace(wanted, target=bench.target(tenancy=True), namespace="team-a/models")
    assert [type(bench.driver.submit([each])[0]) for each in (wanted, tenants)] == [Accepted, Accepted]
    assert seen == [None, b"team-a/models"]


def test_an_assignment_that_is_too_long_for_a_function_is_refused(bench: LambdaBench) -> None:
    (answer,) = bench.driver.submit([replace(bench.submission("ends", "r.1"), assignment=b" " * (ASSIGNMENT_MOST + 1))])
    assert answer == Refused("its assignment has 250001 bytes; a function takes 250000")


def test_capacity_and_price_are_those_of_the_function(bench: LambdaBench) -> None:
    targets = {**bench.targets, "gone": bench.target(function="no-such-function")}
    assert bench.driver.prices(targets) == {"function": lambda_price(512), "gone": Price(known=False)}
    account = bench.clients("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert bench.driver.capacity(bench.targets)["function"] == AtMost(slots=account)
    bench.clients("lambda").put_function_concurrency(FunctionName=bench.name, ReservedConcurrentExecutions=7)
    capacity = bench.driver.capacity(targets)
    assert capacity["function"] == AtMost(slots=7)
    assert isinstance(capacity["gone"], Unknown)


def test_nothing_is_known_of_an_invocation(bench: LambdaBench) -> None:
    assert [type(state) for state in bench.driver.describe(["a", "b"])] == [Unknown, Unknown]
    assert not bench.driver.capabilities().describes
