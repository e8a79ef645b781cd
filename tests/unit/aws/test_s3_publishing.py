"""What the function that publishes may do, and what is made of its failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.publishing import (
    VARIABLE,
    NotPublished,
    Publishing,
    allowed_places,
    lost_publishing,
    place_on_stack,
    publish_on_stack,
)
from econda_adapters.aws.stack import Stack, TeamPools

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.run.state import RunState
from econda_cloud.wire.commands import Publish
from econda_cloud.wire.events import Published

ALLOWED = {"": ["s3://team-bucket/models"], "own": ["s3://own-bucket"]}
DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("to", "namespace", "place"),
    [
        ("s3://team-bucket/models/x", "n", "s3://team-bucket/models/x"),
        ("s3://team-bucket/models", "n", "s3://team-bucket/models"),
        ("s3://own-bucket/x", "own", "s3://own-bucket/x"),
        ("results/x", "n", "s3://stack-bucket/published/n/results/x"),
    ],
)
def test_places_that_the_stack_may_write_to(to, namespace, place):
    assert place_on_stack(to, namespace, "stack-bucket", ALLOWED) == place


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("s3://team-bucket/modelsx", "may not publish"),
        ("s3://team-bucket", "may not publish"),
        ("s3://own-bucket/x", "may not publish"),
        ("s3://stack-bucket/runs/n", "may not publish"),
        ("/results", "folder of a machine"),
    ],
)
def test_others_are_refused(to, why):
    with pytest.raises(NotPublished, match=why):
        place_on_stack(to, "n", "stack-bucket", ALLOWED)


def test_a_deployment_tells_the_places():
    assert allowed_places({VARIABLE: json.dumps(ALLOWED)}) == ALLOWED
    assert allowed_places({}) == {}


class S3:
    """Remembers what is put; or answers each request with an error."""

    def __init__(self, code: str = "") -> None:
        self.put, self._code = dict[str, bytes](), code

    def __call__(self, service: str) -> S3:
        assert service == "s3"
        return self

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self._fail()
        self.put[f"{bucket}/{key}"] = Path(path).read_bytes()

    def copy(self, source: dict[str, str], bucket: str, key: str, **_: Any) -> None:
        self._fail()
        self.put[f"{bucket}/{key}"] = f"{source['Bucket']}/{source['Key']}".encode()

    def _fail(self) -> None:
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "PutObject")


def published(outputs: dict[str, Any], s3: S3) -> Published:
    blobs = MemoryBlobs()
    blobs.put("runs/n/r/outputs.json", json.dumps(outputs).encode())
    blobs.put(f"artifacts/n/sha256/{DIGEST}", b"weights")
    blobs.put(f"artifacts/other/sha256/{DIGEST}", b"iban")
    asked = Publishing(publish="s3://team-bucket/models/r", namespace="n", run="r")
    return publish_on_stack(asked, "stack-bucket", cast(Clients, s3), blobs, ALLOWED)


def file(key: str) -> dict[str, Any]:
    return {"$artifact": {"kind": "File", "name": "m.onnx", "sha256": "", "size": 7, "key": key}}


def test_files_are_copied_by_the_store_itself_and_values_are_written():
    s3 = S3()
    told = published({"model": file(f"artifacts/n/sha256/{DIGEST}"), "note": "fine"}, s3)
    assert told.files == {"model": "s3://team-bucket/models/r/model.onnx", "note": "s3://team-bucket/models/r/note.txt"}
    assert s3.put == {
        "team-bucket/models/r/model.onnx": f"stack-bucket/artifacts/n/sha256/{DIGEST}".encode(),
        "team-bucket/models/r/note.txt": b"fine\n",
    }


def test_units_are_no_output():
    s3 = S3()
    units = {"cost": {"type": "Money", "unit": "micro-dollars", "written": "$5"}}
    told = published({"cost": 5_000_000, "$units": units}, s3)
    assert told.files == {"cost": "s3://team-bucket/models/r/cost.json"}


def test_what_is_no_artifact_of_the_namespace_is_not_copied_whatever_a_task_says():
    s3 = S3()
    for forged in (file(f"artifacts/other/sha256/{DIGEST}"), [{"deep": file("runs/other/r/plan.json")}]):
        told = published({"model": forged}, s3)
        assert "none of the namespace n" in told.error
    assert s3.put == {}


def test_a_file_that_is_gone_is_told():
    assert "model is gone" in published({"model": file("artifacts/n/sha256/gone")}, S3()).error


def test_a_bucket_that_takes_nothing_is_told_and_an_outage_is_tried_again():
    assert "NoSuchBucket" in published({"note": "fine"}, S3("NoSuchBucket")).error
    with pytest.raises(ClientError):
        published({"note": "fine"}, S3("SlowDown"))


def test_lambdas_last_word_of_it_is_that_of_the_run():
    request = {"publish": "s3://team-bucket/models/r", "namespace": "n", "run": "r"}
    body = {"requestPayload": request, "responsePayload": {"errorMessage": "SlowDown"}}
    found = lost_publishing(body)
    assert found is not None
    assert (found[0], found[1].to) == ("r", "s3://team-bucket/models/r")
    assert "SlowDown" in found[1].error
    assert lost_publishing({"requestPayload": {"chunk": "r.1"}}) is None
    assert lost_publishing({}) is None


class Lambda:
    """Takes invocations, or answers each with an error."""

    def __init__(self, code: str = "") -> None:
        self.invoked: list[tuple[str, Any]] = []
        self._code = code

    def __call__(self, service: str) -> Lambda:
        assert service in ("lambda", "sqs")
        return self

    def invoke(self, **asked: Any) -> None:
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "Invoke")
        assert asked["InvocationType"] == "Event"
        self.invoked.append((asked["FunctionName"], json.loads(asked["Payload"])))


def asked_for(clients: Lambda) -> list[Any]:
    stack = Stack(**{**dict.fromkeys(Stack.__struct_fields__, ""), "publisher": "econda-t-publish"})
    blobs = MemoryBlobs()
    effects = AwsEffects(
        stack, cast(Clients, clients), TeamPools(pools=(), targets={}), MemoryLog(), blobs, cast(Any, None)
    )
    state = RunState(run="r", namespace="n", plan="", seed=1, params={}, started_ms=0, now=0)
    return list(effects.publish(state, Publish(to="s3://team-bucket/models/r")))


def test_the_scheduler_asks_for_it_and_hears_of_it_later():
    clients = Lambda()
    assert asked_for(clients) == []
    request = {"publish": "s3://team-bucket/models/r", "namespace": "n", "run": "r"}
    assert clients.invoked == [("econda-t-publish", request)]


def test_a_stack_that_cannot_is_told_and_a_service_that_is_away_is_asked_again():
    [told] = asked_for(Lambda("ResourceNotFoundException"))
    assert "the stack cannot publish" in told.error
    with pytest.raises(ClientError):
        asked_for(Lambda("TooManyRequestsException"))
