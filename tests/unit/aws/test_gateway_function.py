"""The deployed face of the gateway: what a function URL hands over, and what it is answered."""

from __future__ import annotations

import base64
import os

import msgspec
import pytest

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "econda")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "econda")

from econda_functions import gateway

from econda_cloud.gateway.requests import Response
from econda_cloud.wire.worker_protocol import Problem

# As the functions have it; pytest heeds no filter that a module sets.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def event(path="/v1/claim", *, method="POST", query="", headers=None, body="", encoded=False):
    """As in AWS's guide, "Request and response payloads" of function URLs (format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers or {},
        "requestContext": {"accountId": "anonymous", "apiId": "id", "http": {"method": method, "path": path}},
        "body": body,
        "isBase64Encoded": encoded,
    }


class Context:
    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "f", 128, "arn", "r"


class Seeing:
    """A gateway that shows what it was asked."""

    def __init__(self, answer):
        self.answer, self.seen = answer, []

    def handle(self, request):
        self.seen.append(request)
        return self.answer


@pytest.fixture
def asked(monkeypatch):
    def ask(answer=None, **about):
        seeing = Seeing(answer or Response(200, b"{}", {"content-type": "application/json"}))
        monkeypatch.setattr(gateway, "gateway", lambda: seeing)
        return gateway.handler(event(**about), Context()), seeing.seen[0]

    return ask


def test_a_request_arrives_as_it_was_sent(asked):
    answer, request = asked(
        path="/v1/blob/a%20b", method="GET", query="leave=x.y&n=1", headers={"Authorization": "Bearer t"}, body="{}"
    )
    assert (request.method, request.path, request.query) == ("GET", "/v1/blob/a%20b", {"leave": "x.y", "n": "1"})
    assert (request.headers["authorization"], request.body) == ("Bearer t", b"{}")
    assert answer == {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}",
                      "isBase64Encoded": False}  # fmt: skip


def test_a_body_in_base64_is_taken_out_of_it(asked):
    _, request = asked(body=base64.b64encode(b"\xff\x00").decode(), encoded=True)
    assert request.body == b"\xff\x00"


def test_no_body_is_an_empty_one(asked):
    assert asked(body=None)[1].body == b""


def test_a_refusal_keeps_its_status(asked):
    problem = msgspec.json.encode(Problem(error="no token", what_to_do="bring one"))
    answer, _ = asked(Response(401, problem, {"www-authenticate": "Bearer"}))
    assert (answer["statusCode"], answer["headers"]["www-authenticate"]) == (401, "Bearer")
    assert msgspec.json.decode(answer["body"], type=Problem).error == "no token"


def test_a_file_is_sent_and_forgotten(asked, tmp_path):
    file = tmp_path / "blob"
    file.write_bytes(b"\xff\x00")
    answer, _ = asked(Response(200, file))
    assert (base64.b64decode(answer["body"]), answer["isBase64Encoded"]) == (b"\xff\x00", True)
    assert not file.exists()


def test_whoever_has_no_token_costs_no_client(monkeypatch):
    """The function's own gateway, on a stack that is nowhere: a bad token is answered without any request to AWS but
    the keys', which are read once a minute."""
    from econda_adapters.aws.gateway import team_gateway
    from econda_adapters.aws.stack import Stack

    class NoTeam:
        stack = Stack(**dict.fromkeys(Stack.__struct_fields__, "x"))
        log = blobs = events = None

        @staticmethod
        def clients(service):
            raise AssertionError(f"{service} was asked")

    monkeypatch.setattr(gateway, "gateway", lambda: team_gateway(NoTeam()))  # type: ignore[arg-type]
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic x"}):
        answer = gateway.handler(event(headers=headers), Context())
        assert answer["statusCode"] == 401
