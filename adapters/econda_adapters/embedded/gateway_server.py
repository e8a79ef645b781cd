"""The gateway as a server of this machine, for workers that have no cloud: starlette on a port of 127.0.0.1."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from econda_cloud.gateway.gateway import Admitted, Gateway
from econda_cloud.gateway.requests import Refusal, Request, Response
from econda_cloud.gateway.tokens import Leave
from econda_cloud.wire.worker_protocol import BODY_MOST

_IN_MEMORY = 1024 * 1024
START_S = 10.0
STOP_S = 5.0


def gateway_app(gateway: Gateway) -> Starlette:
    """An ASGI application: a token is checked before its request's body is read."""

    async def answer(request: HttpRequest) -> HttpResponse:
        head = Request(
            request.method,
            request.scope["raw_path"].decode("ascii", "replace").partition("?")[0],
            dict(request.query_params),
            dict(request.headers),
        )
        admitted = gateway.admit(head)
        if isinstance(admitted, Response):
            return _http(admitted)
        try:
            body = await _received(request.stream(), _most(admitted))
        except Refusal as refusal:
            return _http(refusal.response())
        except ClientDisconnect:
            return HttpResponse(status_code=400)
        try:
            return _http(await run_in_threadpool(gateway.respond, admitted, body))
        finally:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])])


def _most(admitted: Admitted) -> int:
    return admitted.leave.size if isinstance(admitted.leave, Leave) else BODY_MOST


async def _received(stream: AsyncIterator[bytes], most: int) -> bytes | Path:
    """The body, on disk if it is large. Raises `Refusal` as soon as it is larger than it may be."""
    start, size = bytearray(), 0
    async for part in stream:
        size += len(part)
        if size > most:
            raise _too_large(most)
        start += part
        if size > _IN_MEMORY:
            return await _spooled(bytes(start), stream, most)
    return bytes(start)


async def _spooled(start: bytes, stream: AsyncIterator[bytes], most: int) -> Path:
    descriptor, name = tempfile.mkstemp(prefix="econda-gateway-")
    size = len(start)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(start)
            async for part in stream:
                size += len(part)
                if size > most:
                    raise _too_large(most)
                file.write(part)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"more than {most} bytes", "announce what is sent")


def _http(response: Response) -> HttpResponse:
    headers = dict(response.headers)
    if isinstance(response.body, Path):
        path = response.body
        return FileResponse(path, response.status, headers, background=BackgroundTask(path.unlink, missing_ok=True))
    return HttpResponse(response.body, response.status, headers)


class GatewayServer:
    """A gateway that is reached at `address` while the context is open. `port` 0: one that is free.

    Raises `OSError` where the port is taken, `TimeoutError` if the server does not come up.
    """

    def __init__(self, gateway: Gateway, host: str = "127.0.0.1", port: int = 0) -> None:
        config = uvicorn.Config(gateway_app(gateway), log_config=None, access_log=False, lifespan="off",
                                timeout_graceful_shutdown=int(STOP_S))  # fmt: skip
        self._server, self._host, self._port = uvicorn.Server(config), host, port
        self._thread: threading.Thread | None = None
        self.address = ""

    def __enter__(self) -> GatewayServer:
        listener = socket.create_server((self._host, self._port))
        self.address = f"http://{self._host}:{listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="econda-gateway", daemon=True)
        self._thread.start()
        until = time.monotonic() + START_S
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                listener.close()
                raise TimeoutError(f"the gateway did not start at {self.address}")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(2 * STOP_S)
