"""The worker's requests: what is tried again, what is not, and for how long."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import msgspec
import pytest

from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.worker.gateway.client import (
    AlreadyClaimed,
    ClaimLost,
    GatewayAway,
    GatewayClient,
    GatewayRefused,
    LinkRefused,
)

OK = (200, msgspec.json.encode(protocol.Written(tag="t")), {})


class Scripted:
    """A server that answers with one of `answers` after another, the last one for ever."""

    def __init__(self):
        self.answers, self.seen, self.connections = [OK], [], 0
        scripted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                scripted.connections += 1

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                scripted.seen.append((self.command, self.path, dict(self.headers), body))
                answer = scripted.answers[0] if len(scripted.answers) == 1 else scripted.answers.pop(0)
                if answer == "cut":
                    self.close_connection = True
                    return
                status, data, headers = answer
                self.send_response(status)
                for name, value in {"content-length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                self.close_connection = headers.get("connection") == "close" or scripted.closing

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.closing = False
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def scripted():
    found = Scripted()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def client(scripted, slept):
    found = GatewayClient(scripted.address, "token", sleep=slept.append)
    yield found
    found.close()


def problem(status, error, headers=None):
    return status, msgspec.json.encode(protocol.Problem(error=error, what_to_do="do")), headers or {}


def ask(client, **more):
    return client.ask("/v1/write", protocol.WriteSmall(key="k", data=b"d"), protocol.Written, **more)


def test_one_connection_serves_many_requests(scripted, client):
    assert [ask(client).tag for _ in range(5)] == ["t"] * 5
    assert scripted.connections == 1
    assert scripted.seen[0][2]["authorization"] == "Bearer token"


def test_a_connection_that_was_closed_meanwhile_is_no_bad_weather(scripted, client, slept):
    scripted.closing = True
    assert [ask(client).tag for _ in range(3)] == ["t"] * 3
    assert slept == []


@pytest.mark.parametrize(
    "bad", ["cut", problem(503, "later"), problem(500, "?"), (502, b"<html>", {}), problem(429, "x")]
)
def test_bad_weather_is_waited_for(bad, scripted, client, slept):
    scripted.answers = [bad, bad, OK]
    assert ask(client).tag == "t"
    assert len(slept) == 2
    assert 0.1 <= slept[0] <= 0.3
    assert 0.2 <= slept[1] <= 0.6


def test_who_is_told_when_to_come_again_does_not_come_sooner(scripted, client, slept):
    scripted.answers = [problem(429, "too fast", {"retry-after": "7"}), OK]
    ask(client)
    assert slept == [7.0]


def test_patience_ends(scripted, client):
    scripted.answers = [problem(503, "away")]
    with pytest.raises(GatewayAway, match="answers 503: away"):
        ask(client, patience_s=0.05)
    nowhere = GatewayClient("http://127.0.0.1:9", "token")
    with pytest.raises(GatewayAway, match="cannot be reached"):
        ask(nowhere, patience_s=0.0)


def test_pauses_grow_to_a_bound(scripted, slept):
    scripted.answers = [*[problem(503, "away")] * 12, OK]
    client = GatewayClient(scripted.address, "token", sleep=slept.append)
    ask(client, patience_s=10_000)
    client.close()
    assert slept[-1] <= 30
    assert sum(slept) > 40


@pytest.mark.parametrize(("status", "error", "kind"), [
    (409, "claim_lost", ClaimLost), (409, "claimed", AlreadyClaimed), (403, "no", GatewayRefused), (422, "bad", GatewayRefused),
    (401, "the token has expired", GatewayRefused),
])  # fmt: skip
def test_a_refusal_is_not_asked_twice(status, error, kind, scripted, client, slept):
    scripted.answers = [problem(status, error)]
    with pytest.raises(kind, match=f"{error}; do") as refused:
        ask(client)
    assert (type(refused.value), refused.value.status, slept) == (kind, status, [])
    assert len(scripted.seen) == 1


def test_the_document_is_brought_when_it_is_asked_for(scripted, client):
    scripted.answers = [problem(428, "document_wanted"), OK]
    client.document = b'{"id":"r.1"}'
    assert ask(client).tag == "t"
    assert b'"document":{"id":"r.1"}' in scripted.seen[1][3]
    scripted.answers = [problem(428, "document_wanted")]
    with pytest.raises(GatewayRefused):
        ask(client)


def link(scripted, **more):
    return protocol.Link(url=f"{scripted.address}/x?a=b", until_ms=0, **more)


def test_content_is_fetched_and_sent_without_the_token(scripted, client, tmp_path):
    scripted.answers = [(200, b"content", {})]
    client.fetch(link(scripted), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"content"
    scripted.answers = [(200, b"", {"etag": '"e"'})]
    assert client.send(link(scripted, headers={"x-y": "z"}), tmp_path / "a", 2, 3) == '"e"'
    method, path, headers, body = scripted.seen[-1]
    assert (method, path, headers["x-y"], body) == ("PUT", "/x?a=b", "z", b"nte")
    assert not any("authorization" in {name.lower() for name in each[2]} for each in scripted.seen)


def test_addresses_may_be_below_the_gateway_s_own(scripted, client, tmp_path):
    scripted.answers = [(200, b"content", {})]
    client.fetch(protocol.Link(url="/v1/blob/k?leave=l", until_ms=0), tmp_path / "a")
    assert scripted.seen[-1][1] == "/v1/blob/k?leave=l"


def test_content_that_is_cut_is_fetched_again(scripted, client, slept, tmp_path):
    scripted.answers = [(200, b"half", {"content-length": "9", "connection": "close"}), "cut", (200, b"whole", {})]
    client.fetch(link(scripted), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert len(slept) == 2


def test_what_a_store_refuses_is_not_tried_again(scripted, client, slept, tmp_path):
    scripted.answers = [(403, b"", {})]
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(LinkRefused):
        client.fetch(link(scripted), tmp_path / "b")
    with pytest.raises(LinkRefused):
        client.send(link(scripted), tmp_path / "a", 0, 1)
    scripted.answers = [(404, b"", {})]
    with pytest.raises(KeyError):
        client.fetch(link(scripted), tmp_path / "b")
    assert slept == []


def test_a_disk_of_one_s_own_that_is_full_is_no_bad_weather(scripted, client, slept):
    scripted.answers = [(200, b"x" * 100_000, {})]
    with pytest.raises(OSError, match="No space left"):
        client.fetch(link(scripted), Path("/dev/full"))
    assert slept == []


@pytest.mark.parametrize("address", ["", "nowhere", "ftp://x", "file:///x", "http://"])
def test_addresses_that_are_none(address):
    with pytest.raises(ValueError, match="no http"):
        GatewayClient(address, "token")


def test_threads_share_a_client(client):
    done = []
    threads = [threading.Thread(target=lambda: done.append(ask(client).tag)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["t"] * 16
