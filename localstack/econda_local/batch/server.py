"""HTTP: the paths of AWS Batch, and three of our own under /local."""

from __future__ import annotations

import contextlib
import json
import logging
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from econda_local.batch.endpoint import Endpoint
from econda_local.batch.refusal import Broken, Refused
from econda_local.batch.wire import Contract

LOGGER = logging.getLogger("econda_local.batch")
RECLAIM_GRACE = 2.0  # seconds between SIGTERM and SIGKILL; AWS gives two minutes' notice
TAGS = {"POST": "TagResource", "DELETE": "UntagResource", "GET": "ListTagsForResource"}


def application(endpoint: Endpoint) -> Starlette:
    """The ASGI application of one endpoint, which lives as long as the application does."""
    service = _Service(endpoint)
    routes = [
        Route("/v1/tags/{resource:path}", service.tags, methods=["GET", "POST", "DELETE"]),
        Route("/v1/{operation}", service.operation, methods=["POST"]),
        Route("/local/reclaim", service.reclaim, methods=["POST"]),
        Route("/local/save", service.save, methods=["POST"]),
        Route("/local/health", service.health),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await endpoint.open()
        try:
            yield
        finally:
            await endpoint.close()

    return Starlette(routes=routes, lifespan=lifespan)


class _Service:
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._contract = Contract()

    async def operation(self, request: Request) -> Response:
        try:
            operation = self._contract.at(request.url.path)
            return _answered(self._call(str(operation.name), await _json(request)))
        except Exception as problem:
            return _failed(problem)

    async def tags(self, request: Request) -> Response:
        members: dict[str, Any] = {"resourceArn": request.path_params["resource"]}
        try:
            if request.method == "POST":
                members |= await _json(request)
            elif request.method == "DELETE":
                members["tagKeys"] = request.query_params.getlist("tagKeys")
            return _answered(self._call(TAGS[request.method], members))
        except Exception as problem:
            return _failed(problem)

    def _call(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        return self._endpoint.call(name, self._contract.check(self._contract.operation(name), members))

    async def reclaim(self, request: Request) -> Response:
        try:
            asked = await _json(request)
            if not isinstance(asked.get("jobId"), str):
                raise Refused("jobId is required")
            grace = float(asked.get("graceSeconds", RECLAIM_GRACE))
            return _answered({"instanceId": self._endpoint.reclaim(asked["jobId"], grace)})
        except Exception as problem:
            return _failed(problem)

    async def save(self, _: Request) -> Response:
        """ministack asks before it saves itself, so that what is saved of it never knows a job that is not saved here."""
        self._endpoint.keeper.save()
        return JSONResponse({"saved": True})

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "docker": self._endpoint.host.docker})


async def _json(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        raise Refused("The request body is not JSON") from None
    if not isinstance(members, dict):
        raise Refused("The request body is not a JSON object")
    return members


def _answered(members: dict[str, Any]) -> Response:
    return JSONResponse(members, headers={"x-amzn-requestid": str(uuid.uuid4())})


def _failed(problem: Exception) -> Response:
    if not isinstance(problem, Refused):
        LOGGER.exception("the local Batch failed", exc_info=problem)
        problem = Broken(repr(problem))
    headers = {"x-amzn-errortype": problem.code, "x-amzn-requestid": str(uuid.uuid4())}
    return JSONResponse({"message": str(problem)}, status_code=problem.status, headers=headers)
