"""Counts what AWS would bill as requests: those on the wire, and those that AWS's own services make for a stack.

Executed inside ministack's environment, beside serve.py: it imports nothing of econda. The counts are served at
`/_econda/requests`, by who asked: `stack` for functions and jobs, `user` for everybody who says so in the user agent.
A DELETE there begins anew.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from threading import Lock

PATH = "/_econda/requests"
USER = b"econda-user"
_SCOPE = re.compile(rb"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_FUNCTION_URLS = "/_aws/lambda-url/"
_LINK = re.compile(rb"(?:^|&)X-Amz-Credential=[^&]*s3(?:%2F|/)aws4_request")
_BATCH = 10  # messages that one ReceiveMessage or DeleteMessageBatch carries

_counts: Counter[tuple[str, str, str]] = Counter()
_lock = Lock()


def add(who: str, service: str, operation: str, number: int = 1) -> None:
    with _lock:
        _counts[who, service, operation] += number


def counting(app):
    """The ASGI application with every request counted."""

    async def counted(scope, receive, send):
        if scope["type"] == "http":
            if scope["path"] == PATH:
                await _answer(send, forget=scope["method"] == "DELETE")
                return
            _count(scope)
        await app(scope, receive, send)

    return counted


def batch_handed_over(messages: int) -> None:
    """What an event source mapping costs for one batch: receiving, invoking, deleting."""
    add("stack", "sqs", "ReceiveMessage", -(-messages // _BATCH))
    add("stack", "sqs", "DeleteMessageBatch", -(-messages // _BATCH))
    add("stack", "lambda", "Invoke")


def _count(scope) -> None:
    headers = dict(scope["headers"])
    if scope["path"].startswith(_FUNCTION_URLS):
        add("stack", "lambda", "InvokeByUrl")
        return
    if _LINK.search(scope["query_string"]):
        add("stack", "s3", scope["method"])
        return
    found = _SCOPE.search(headers.get(b"authorization", b""))
    if not found:
        return
    service = found[1].decode("latin-1")
    who = "user" if USER in headers.get(b"user-agent", b"") else "stack"
    add(who, service, _operation(service, scope, headers))


def _operation(service: str, scope, headers) -> str:
    target = headers.get(b"x-amz-target")
    if target:
        return target.decode("latin-1").rpartition(".")[2]
    if service == "lambda" and scope["path"].endswith("/invocations"):
        return "Invoke"
    return scope["method"]


async def _answer(send, *, forget: bool) -> None:
    with _lock:
        rows = [[*key, number] for key, number in sorted(_counts.items())]
        if forget:
            _counts.clear()
    body = json.dumps(rows).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
