"""gateway: answers workers, by its function URL. It has tokens of its own, so the URL asks for none of AWS's."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent

from econda_functions.observing import count, observed
from econda_functions.team import team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from econda_adapters.aws.going_on import GoingOn

    from econda_cloud.gateway.gateway import Gateway
    from econda_cloud.gateway.requests import Request, Response
    from econda_cloud.wire.chunk import Chunk, Report


@cache
def gateway() -> Gateway:
    from econda_adapters.aws.gateway import team_gateway

    return team_gateway(team(), _after_report)


@cache
def going_on() -> GoingOn:
    # Most reports are of attempts that nothing waits for alone: they need no engine.
    from econda_adapters.aws.going_on import GoingOn

    return GoingOn(team().log, team().blobs)


def _after_report(run: str, chunk: str, events: Sequence[Report], now: int, *, ends_ms: int | None) -> Chunk | None:
    return going_on()(run, chunk, events, now, ends_ms=ends_ms)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    del context
    response = gateway().handle(request_of(LambdaFunctionUrlEvent(event)))
    if response.status >= 400:
        count(f"Refused{response.status}")
    return answer_of(response)


def request_of(event: LambdaFunctionUrlEvent) -> Request:
    """Payload format 2.0, of function URLs and HTTP APIs alike."""
    from econda_cloud.gateway.requests import Request

    body = event.body or ""
    return Request(
        method=event.request_context.http.method,
        path=event.raw_path,
        query=dict(parse_qsl(event.raw_query_string or "")),
        headers={name.lower(): value for name, value in (event.headers or {}).items()},
        body=base64.b64decode(body) if event.is_base64_encoded else body.encode(),
    )


def answer_of(response: Response) -> dict[str, Any]:
    body = response.body
    if isinstance(body, Path):
        data = body.read_bytes()
        body.unlink()
        return _answer(response, base64.b64encode(data).decode(), encoded=True)
    return _answer(response, body.decode(), encoded=False)


def _answer(response: Response, body: str, *, encoded: bool) -> dict[str, Any]:
    return {"statusCode": response.status, "headers": dict(response.headers), "body": body, "isBase64Encoded": encoded}
