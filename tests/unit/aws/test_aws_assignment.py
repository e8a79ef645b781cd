"""What a worker is told, when a chunk is handed over twice."""

from __future__ import annotations

from typing import Any

import boto3
import msgspec
import pytest
from botocore.awsrequest import AWSResponse
from econda_adapters.aws.batch_pool import BatchPool
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.gateway import gateway_address
from econda_adapters.aws.lambda_pool import LambdaPool
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, Stack, TeamPools
from econda_adapters.clock import now_ms
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.tokens import Key, KeyRing, Token, Tokens
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.wire.assignment import decode_assignment, document_digest
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask, decode_chunk, encode_chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import ChunkLost
from econda_cloud.wire.keys import chunk_key

TOKENS = Tokens(lambda: KeyRing((Key(id="k", secret=b"k" * 32),)))
TASK = WorkTask(name="t", run=Inline(language="python", body="y = 1"))
WHOLE = Chunk(id="r.1", run="r", namespace="n", task=TASK,
              items=tuple(WorkItem(instance=f"p/f[{n}]/a", attempt=1) for n in range(4)))  # fmt: skip
LATER = msgspec.structs.replace(WHOLE, items=WHOLE.items[2:])


class Batch:
    def __init__(self) -> None:
        self.sizes: list[Any] = []
        self.variables: list[dict[str, str]] = []

    def submit_job(self, **request: Any) -> dict[str, str]:
        self.sizes.append(request.get("arrayProperties"))
        environment = request["containerOverrides"]["environment"]
        self.variables.append({each["name"]: each["value"] for each in environment})
        return {"jobId": f"job-{len(self.sizes)}"}


def test_members_of_an_array_keep_their_numbers_when_it_is_submitted_again():
    blobs, batch = MemoryBlobs(), Batch()
    pool = BatchPool(lambda _: batch, blobs, Assigner("https://gateway", TOKENS, blobs))  # type: ignore[arg-type]
    dispatch = Dispatch(chunk="r.1", pool="aws.batch", offer="spot", spot=True, items=(), cpu_milli=1, memory=1)
    for chunk in (WHOLE, LATER):
        pool.submit([(dispatch, chunk, QueueTarget(queue="q", definition="d"))])
    assert batch.sizes == [{"size": 4}, {"size": 4}]
    first, second = (decode_assignment(each["ECONDA_ASSIGNMENT"]) for each in batch.variables)
    assert (first.size, first.gateway) == (second.size, second.gateway) == (4, "https://gateway")
    tokens = [TOKENS.check(each.token, Token, now_ms()) for each in (first, second)]
    assert [(token.members, token.document, token.key) for token in tokens] == [
        (4, document_digest(encode_chunk(WHOLE)), chunk_key("n", "r", "r.1"))
    ] * 2
    assert batch.variables[0]["ECONDA_CHUNK_KEY"] == chunk_key("n", "r", "r.1")


class Functions:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"ResponseMetadata": {"RequestId": "request-7"}}


@pytest.mark.parametrize("per_tenant", [True, False])
def test_an_invocation_says_whose_it_is_and_holds_all_that_a_worker_needs(per_tenant: bool):
    blobs, functions = MemoryBlobs(), Functions()
    pool = LambdaPool(lambda _: functions, Assigner("https://gateway", TOKENS, blobs))  # type: ignore[arg-type]
    dispatch = Dispatch(chunk="r.1", pool="aws.lambda", offer="o", spot=False, items=())
    target = FunctionTarget(function="f", limit_ms=1, per_tenant=per_tenant)
    [dispatched] = pool.submit([(dispatch, WHOLE, target)])
    [request] = functions.requests
    assert request.get("TenantId") == ("n" if per_tenant else None)
    assert dispatched.handle == "request-7"
    assignment = decode_assignment(request["Payload"])
    assert decode_chunk(bytes(assignment.document)) == WHOLE
    assert TOKENS.check(assignment.token, Token, now_ms()).claimed is None


def test_the_tenant_is_in_the_request_that_AWS_sees():
    """No emulator knows tenants, so what is sent is looked at: the header that Lambda's own model names."""
    client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    seen = []
    client.meta.events.register("before-send.lambda.Invoke", lambda request, **_: seen.append(request) or Answer())
    pool = LambdaPool(lambda _: client, Assigner("https://gateway", TOKENS, MemoryBlobs()))  # type: ignore[arg-type]
    dispatch = Dispatch(chunk="r.1", pool="aws.lambda", offer="o", spot=False, items=())
    pool.submit([(dispatch, WHOLE, FunctionTarget(function="f", limit_ms=1, per_tenant=True))])
    client.close()
    [request] = seen
    assert request.headers["X-Amz-Tenant-Id"] in ("n", b"n")
    assert request.headers["X-Amz-Invocation-Type"] in ("Event", b"Event")


class Answer(AWSResponse):
    """What Lambda says to an asynchronous invocation."""

    def __init__(self) -> None:
        super().__init__("", 202, {"x-amzn-RequestId": "r"}, None)

    content = b""


@pytest.mark.parametrize(("url", "environment", "address"), [
    ("https://abc.lambda-url.eu-west-1.on.aws/", {}, "https://abc.lambda-url.eu-west-1.on.aws"),
    ("https://abc.lambda-url.eu-west-1.on.aws/", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1/"},
     "http://127.0.0.1:1/_aws/lambda-url/abc"),
    ("https://gateway.example.org", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "https://gateway.example.org"),
])  # fmt: skip
def test_where_the_gateway_is(url: str, environment: dict[str, str], address: str):
    assert gateway_address(url, environment) == address


def test_a_stack_without_a_gateway_says_so():
    with pytest.raises(ValueError, match="deploy it again"):
        gateway_address("", {})


def test_a_chunk_placed_on_an_offer_that_is_gone_is_lost_at_once(monkeypatch):
    monkeypatch.setattr("econda_adapters.aws.effects.ready_chunks", lambda *_: ([(dispatch, WHOLE)], []))
    dispatch = Dispatch(chunk="r.1", pool="aws.batch", offer="spot", spot=True, items=())
    stack = Stack(**{**dict.fromkeys(Stack.__struct_fields__, ""), "gateway": "https://gateway"})
    effects = AwsEffects(stack, pytest.fail, TeamPools(pools=(), targets={}), MemoryLog(), MemoryBlobs())  # type: ignore[arg-type]
    [lost] = effects.dispatch(None, None, [dispatch])  # type: ignore[arg-type]
    assert isinstance(lost, ChunkLost)
    assert (lost.chunk, lost.failure) == ("r.1", "lost")
