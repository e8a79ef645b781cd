"""Requests and answers of the gateway, whatever server or function they came through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from econda_cloud.wire.worker_protocol import Problem

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Request:
    """`headers` by lower-case names; `path` still quoted; `body` in memory, or a file that a server has put it into."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path = b""

    def size(self) -> int:
        """Bytes of the body: as it says before it is read, 0 if it says nothing."""
        if self.body:
            return self.body.stat().st_size if isinstance(self.body, Path) else len(self.body)
        said = self.headers.get("content-length", "")
        return int(said) if said.isdecimal() else 0


@dataclass(frozen=True)
class Response:
    """`body` in memory, or a file to be sent and then forgotten."""

    status: int
    body: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(value: Any, status: int = 200) -> Response:
    return Response(status, _encoder.encode(value), {"content-type": "application/json"})


class Refusal(Exception):
    """What a worker is told instead of an answer: a status, what is wrong, and what to do. Nothing of its token."""

    def __init__(
        self, status: int, error: str, what_to_do: str = "", *, retry_after_s: float = 0.0, by: str = ""
    ) -> None:
        super().__init__(error)
        self.status, self.problem = (
            status,
            Problem(error=error, what_to_do=what_to_do, retry_after_s=retry_after_s, by=by),
        )

    def response(self) -> Response:
        headers = {"content-type": "application/json"}
        if self.problem.retry_after_s:
            headers["retry-after"] = str(max(1, round(self.problem.retry_after_s)))
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return Response(self.status, _encoder.encode(self.problem), headers)
