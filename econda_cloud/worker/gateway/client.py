"""Requests to the gateway, and to the addresses it gives: HTTP by the standard library, tried again in bad weather."""

from __future__ import annotations

import errno
import http.client
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from econda_cloud.wire.worker_protocol import CLAIM_LOST, CLAIMED, DOCUMENT_WANTED, Body, Link, Problem

PATIENCE_S = 600.0
"""How long a request is tried while the gateway, or what it stands on, is away."""

TIMEOUT_S = 60.0
SLOWEST_S = 20.0
_BLOCK = 1024 * 1024
_OWN_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ENOENT, errno.EACCES})
"""What goes wrong on this machine is no matter of patience."""

_WHOLE_OR_PART = (200, 206)
_AGAIN = frozenset({408, 425, 429})
T = TypeVar("T")


class GatewayAway(ConnectionError):
    """The gateway, or a store behind it, could not be reached for as long as one was patient."""


class GatewayRefused(Exception):
    """The gateway understood and said no. `by`: the job that has the chunk, where that is why."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(f"{problem.error}; {problem.what_to_do}" if problem.what_to_do else problem.error)
        self.status, self.error, self.by = status, problem.error, problem.by


class ClaimLost(GatewayRefused):
    """Another worker has the chunk by now: this one was not heard of for too long."""


class AlreadyClaimed(GatewayRefused):
    """Another worker has the chunk, or has done it."""


class LinkRefused(Exception):
    """An address that a store does not take, or not any more."""


class GatewayClient:
    """Speaks for one worker; safe between threads. `token` is replaced by newer ones as they come."""

    def __init__(self, address: str, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`address`: where the gateway is, http or https. Raises `ValueError` for anything else."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the gateway's address is no http(s) one: {address[:200]!r}")
        self._address, self.token, self.document = address.rstrip("/"), token, b""
        self._sleep, self._lock = sleep, threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []

    def ask(self, path: str, body: Body, kind: type[T], *, patience_s: float = PATIENCE_S) -> T:
        """The gateway's answer. Raises `GatewayRefused`, and `GatewayAway` after `patience_s` seconds of trying."""
        tries = _Tries(patience_s, self._sleep)
        while True:
            try:
                status, headers, data = self._post(path, msgspec.json.encode(body))
            except (OSError, http.client.HTTPException) as error:
                tries.wait(f"the gateway cannot be reached: {type(error).__name__}")
                continue
            if status == 200:
                return msgspec.json.decode(data, type=kind)
            problem = _problem(status, data)
            if status == 428 and problem.error == DOCUMENT_WANTED and self.document and not _has_document(body):
                body = msgspec.structs.replace(body, document=msgspec.Raw(self.document))
            elif status >= 500 or status in _AGAIN:
                tries.wait(f"the gateway answers {status}: {problem.error}", float(headers.get("retry-after") or 0))
            else:
                raise _refused(status, problem)

    def _post(self, path: str, data: bytes) -> tuple[int, Any, bytes]:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        connection = kept or _connect(urlsplit(self._address))
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        try:
            connection.request("POST", urlsplit(self._address).path + path, data, headers)
            response = connection.getresponse()
            answer = response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            if kept is None:
                raise
            # One that was kept open may have been closed at the other end meanwhile: that is no bad weather.
            return self._post(path, data)
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return answer

    def fetch(self, link: Link, target: Path, *, patience_s: float = PATIENCE_S) -> None:
        """The content at an address, into a file. Raises `KeyError` if there is none, `LinkRefused`, `GatewayAway`."""
        if not link.url:
            # A part of no bytes, for which stores have no word.
            target.write_bytes(b"")
            return
        tries = _Tries(patience_s, self._sleep)
        while True:
            try:
                with target.open("wb") as file:
                    status = self._transfer("GET", link, None, 0, file)[0]
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in _OWN_DISK:
                    raise
                tries.wait(f"the store cannot be reached: {type(error).__name__}")
                continue
            if status in _WHOLE_OR_PART:
                return
            if status == 404:
                raise KeyError(urlsplit(link.url).path)
            _weather_only(status, tries)

    def send(self, link: Link, source: Path, start: int, length: int, *, patience_s: float = PATIENCE_S) -> str:
        """Write `length` bytes of a file from `start` on to an address; the store's tag. Raises `LinkRefused`, `GatewayAway`."""
        tries = _Tries(patience_s, self._sleep)
        while True:
            try:
                with source.open("rb") as file:
                    file.seek(start)
                    status, headers = self._transfer("PUT", link, _Part(file, length), length, None)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in _OWN_DISK:
                    raise
                tries.wait(f"the store cannot be reached: {type(error).__name__}")
                continue
            if status in (200, 201, 204) or (status == 412 and _only_once(link)):
                return str(headers.get("etag") or "")
            _weather_only(status, tries)

    def _transfer(
        self, method: str, link: Link, body: _Part | None, length: int, into: IO[bytes] | None
    ) -> tuple[int, Any]:
        url = urlsplit(f"{self._address}{link.url}" if link.url.startswith("/") else link.url)
        connection = _connect(url)
        headers = {**link.headers, **({"content-length": str(length)} if body is not None else {})}
        try:
            connection.request(method, f"{url.path}?{url.query}" if url.query else url.path, body, headers)
            response = connection.getresponse()
            said, got = response.headers.get("content-length"), 0
            while block := response.read(_BLOCK):
                got += len(block)
                if into is not None and response.status in _WHOLE_OR_PART:
                    into.write(block)
            if said is not None and got != int(said):
                raise http.client.IncompleteRead(b"", int(said) - got)
            return response.status, response.headers
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connections that are open; new ones are made when they are wanted."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class _Part:
    """`length` bytes of a file, as http.client reads them."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


class _Tries:
    """Waits longer each time, up to 20 s, with a little chance in it so that workers do not come all at once."""

    def __init__(self, patience_s: float, sleep: Callable[[float], None]) -> None:
        self._until, self._sleep, self._pause = time.monotonic() + patience_s, sleep, 0.2

    def wait(self, why: str, least_s: float = 0.0) -> None:
        """Raises `GatewayAway` once there is no patience left."""
        pause = max(least_s, self._pause * random.uniform(0.5, 1.5))
        if time.monotonic() + pause > self._until:
            raise GatewayAway(why)
        self._sleep(pause)
        self._pause = min(SLOWEST_S, self._pause * 2)


def _connect(url: SplitResult) -> http.client.HTTPConnection:
    if url.scheme == "https":
        return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=TIMEOUT_S)
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT_S)


def _has_document(body: Body) -> bool:
    return bytes(body.document) != b"null"


def _problem(status: int, data: bytes) -> Problem:
    try:
        return msgspec.json.decode(data, type=Problem)
    except (msgspec.DecodeError, UnicodeError):
        return Problem(error=f"an answer {status} that is not the gateway's")


def _refused(status: int, problem: Problem) -> GatewayRefused:
    kinds = {CLAIM_LOST: ClaimLost, CLAIMED: AlreadyClaimed}
    return kinds.get(problem.error, GatewayRefused)(status, problem)


def _only_once(link: Link) -> bool:
    """Whether a blob that is there already is as good as one that was just written."""
    return "if-none-match" in {name.lower() for name in link.headers}


def _weather_only(status: int, tries: _Tries) -> None:
    if status >= 500 or status in _AGAIN:
        tries.wait(f"the store answers {status}")
    else:
        raise LinkRefused(f"the store answers {status}")
