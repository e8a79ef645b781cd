"""The gateway: who may ask is settled before anything is asked of a store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from econda_cloud.gateway.blob_answers import BlobAnswers
from econda_cloud.gateway.documents import Documents
from econda_cloud.gateway.own_links import PREFIX, blob_of
from econda_cloud.gateway.ownership import Ownership
from econda_cloud.gateway.rates import Rates
from econda_cloud.gateway.requests import Refusal, Request, Response, answer
from econda_cloud.gateway.tokens import Leave, Token, Tokens, bearer
from econda_cloud.gateway.work_answers import AfterReport, WorkAnswers
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.links import Links
from econda_cloud.ports.log import Log
from econda_cloud.ports.queue import Queue
from econda_cloud.ports.roles import NoRoles, Roles
from econda_cloud.ports.secrets import Secrets
from econda_cloud.wire import worker_protocol as protocol

_log = logging.getLogger(__name__)
_CLAIM = "/v1/claim"


@dataclass(frozen=True)
class Ports:
    """What the gateway stands on. `secrets` gives those of a namespace; `clock` ms since the epoch; `roles` are customers'."""

    log: Log
    blobs: BlobStore
    events: Queue
    links: Links
    secrets: Callable[[str], Secrets]
    clock: Callable[[], int]
    roles: Roles = field(default_factory=NoRoles)


@dataclass(frozen=True)
class Admitted:
    """A request whose token is good, and not too fast. `now`: when it came, ms since the epoch."""

    request: Request
    leave: Token | Leave
    now: int


class Gateway:
    """Answers workers. Safe between threads if its ports are; keeps nothing that it could not do without."""

    def __init__(self, ports: Ports, tokens: Tokens, after_report: AfterReport | None = None) -> None:
        self._clock, self._tokens, self._rates = ports.clock, tokens, Rates()
        owners = Ownership(ports.log, Documents(ports.blobs))
        self._blobs = blobs = BlobAnswers(owners, ports.blobs, ports.links)
        work = WorkAnswers(
            owners, tokens, ports.log, ports.blobs, ports.events, ports.secrets, ports.roles, after_report
        )
        self._routes: Mapping[str, Callable[[Token, Request, int], Any]] = {
            _CLAIM: work.claim,
            "/v1/heartbeat": work.heartbeat,
            "/v1/secrets": work.secrets,
            "/v1/credentials": work.credentials,
            "/v1/report": work.report,
            "/v1/links": blobs.links,
            "/v1/exists": blobs.exists,
            "/v1/read": blobs.read,
            "/v1/write": blobs.write,
            "/v1/uploaded": blobs.uploaded,
        }

    def handle(self, request: Request) -> Response:
        """The answer to a request that is here as a whole."""
        admitted = self.admit(request)
        return admitted if isinstance(admitted, Response) else self.respond(admitted)

    def admit(self, request: Request) -> Admitted | Response:
        """Settle who asks by the head of a request alone; its body may still be on its way. No I/O."""
        now = self._clock()
        try:
            leave = self._leave(request, now)
            self._rates.take(leave.name, leave.limits, request.size(), now)
        except Refusal as refusal:
            return refusal.response()
        except Exception:
            return _unavailable(request)
        return Admitted(request, leave, now)

    def respond(self, admitted: Admitted, body: bytes | Path | None = None) -> Response:
        """The answer to an admitted request; `body` is what has come since."""
        request = admitted.request if body is None else replace(admitted.request, body=body)
        try:
            if isinstance(admitted.leave, Leave):
                return self._blobs.content(admitted.leave, request)
            return answer(self._routes[request.path](admitted.leave, request, admitted.now))
        except Refusal as refusal:
            return refusal.response()
        except Exception:
            # What the stores raise is theirs: throttling, an outage. Workers wait and ask again.
            return _unavailable(request)

    def _leave(self, request: Request, now: int) -> Token | Leave:
        if request.path.startswith(PREFIX):
            leave = self._tokens.check(request.query.get("leave", ""), Leave, now)
            if leave.blob != blob_of(request.path) or leave.method != request.method:
                raise Refusal(403, "the address was made for something else", "ask for a link to what you want")
            if request.size() > leave.size:
                raise Refusal(413, f"{request.size()} bytes where {leave.size} were announced", "ask for a link anew")
            return leave
        token = self._tokens.check(bearer(request.headers), Token, now)
        if request.path not in self._routes:
            raise Refusal(404, f"the gateway knows no {request.path[:80]}", "see econda_cloud/wire/worker_protocol.py")
        if request.method != "POST":
            raise Refusal(405, f"{request.method[:20]} is not how to ask for it", "use POST")
        if request.size() > protocol.BODY_MOST:
            raise Refusal(413, f"a request of {request.size()} bytes, at most {protocol.BODY_MOST}", "use links")
        if (token.claimed is None) != (request.path == _CLAIM):
            what = "claims only" if token.claimed is None else "work, not for claims"
            raise Refusal(
                403, f"the token is for {what}", "claim with the assignment's, then use the one that is given"
            )
        return token


def _unavailable(request: Request) -> Response:
    _log.exception("%s %s", request.method, request.path[:200])
    return Refusal(503, "the gateway cannot do this now", "ask again a little later", retry_after_s=1).response()
