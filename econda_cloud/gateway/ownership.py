"""Whose request it is: what was asked, by which owner of which chunk."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from econda_cloud.gateway import claims
from econda_cloud.gateway.documents import Document, Documents
from econda_cloud.gateway.requests import Refusal, Request
from econda_cloud.gateway.tokens import Token
from econda_cloud.ports.log import Log
from econda_cloud.wire import worker_protocol as protocol

B = TypeVar("B", bound=protocol.Body)


class Ownership:
    """Lets owners through."""

    def __init__(self, log: Log, documents: Documents) -> None:
        self._log, self.documents = log, documents

    def document(self, token: Token, body: protocol.Body, now: int) -> Document:
        """The chunk's document, for a worker whose claim still holds at `now` (ms since the epoch). Raises `Refusal`."""
        try:
            claims.own(self._log, token.chunk, token.index, claimed_by(token), now)
        except claims.Taken as taken:
            raise claim_lost(taken) from None
        return self.documents.of(token, body.document)


def asked(request: Request, kind: type[B]) -> B:
    """What a request asks for. Raises `Refusal` (422)."""
    data = request.body.read_bytes() if isinstance(request.body, Path) else request.body
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise Refusal(422, "the request is nested too deep", "send flatter values") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refusal(
            422, f"not what {request.path} takes: {error}", "see econda_cloud/wire/worker_protocol.py"
        ) from None


def claimed_by(token: Token) -> claims.Claimed:
    """The claim that a token for work was given for."""
    assert token.claimed is not None
    return token.claimed


def claim_lost(taken: claims.Taken) -> Refusal:
    text = "its owner was not heard of for too long, and another worker has it now; stop, and report nothing"
    return Refusal(409, protocol.CLAIM_LOST, text, by=taken.by.handle)


def check_few(*lists: list) -> None:
    """Raises `Refusal` (413) for too many at once."""
    if sum(map(len, lists)) > protocol.KEYS_MOST:
        raise Refusal(413, f"more than {protocol.KEYS_MOST} at once", "ask for fewer at a time")
