"""A chunk's worker: its claim, its heartbeats, its secrets, its reports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from econda_cloud.gateway import claims
from econda_cloud.gateway.cancellations import cancelled_since
from econda_cloud.gateway.ownership import Ownership, asked, check_few, claim_lost, claimed_by
from econda_cloud.gateway.reports import checked_reports
from econda_cloud.gateway.requests import Refusal, Request
from econda_cloud.gateway.tokens import WORK_LASTS_MS, Token, Tokens
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict, Log
from econda_cloud.ports.queue import Queue
from econda_cloud.ports.roles import Credentials, RoleRefused, Roles
from econda_cloud.ports.secrets import Secrets, SecretUnavailable
from econda_cloud.schedule.messages import write_message
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.assignment import document_digest
from econda_cloud.wire.chunk import Chunk, Report, encode_chunk
from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.wire.keys import log_part_key, pack_key

MACHINE_DRIVERS = frozenset({"environment", "file"})
"""Secrets that the worker's own machine knows. The gateway's machine has such too, and they are nobody's business."""


class AfterReport(Protocol):
    """Decides what a worker goes on with after its lone attempt has succeeded, in a place that lasts until `ends_ms`.

    Whoever returns a chunk has logged the events, and the chunk as placed and dispatched to the same handle; None
    means that nothing was done with them. Times in ms since the epoch.
    """

    def __call__(
        self, run: str, chunk: str, events: Sequence[Report], now: int, *, ends_ms: int | None
    ) -> Chunk | None: ...


class WorkAnswers:
    """Answers about work; raises `Refusal`, and what log, store and queue raise."""

    def __init__(
        self,
        owners: Ownership,
        tokens: Tokens,
        log: Log,
        blobs: BlobStore,
        events: Queue,
        secrets_of: Callable[[str], Secrets],
        roles: Roles,
        after_report: AfterReport | None,
    ) -> None:
        self._owners, self._tokens, self._log, self._blobs = owners, tokens, log, blobs
        self._events, self._secrets_of, self._after_report = events, secrets_of, after_report
        self._roles = roles

    def claim(self, token: Token, request: Request, now: int) -> protocol.Claimed:
        wanted = asked(request, protocol.Claim)
        _check_claim(wanted, token)
        given = msgspec.structs.replace(token, index=wanted.index)
        document = self._owners.documents.of(given, wanted.document)
        try:
            mine = claims.claim(self._log, token.chunk, wanted.index, wanted.owner, wanted.handle, now)
        except claims.Taken as taken:
            raise Refusal(409, protocol.CLAIMED, f"{taken}; leave it to that one", by=taken.by.handle) from None
        cancelled, seen = cancelled_since(self._log, token.chunk, 0) if wanted.look else ([], 0)
        return protocol.Claimed(
            token=self._renewed(given, mine, now),
            until_ms=mine.until_ms,
            now_ms=now,
            credentials=self._roles.has(token.namespace),
            document=msgspec.Raw(document.text) if token.key else protocol.NOTHING,
            cancelled=cancelled,
            seen=seen,
        )

    def heartbeat(self, token: Token, request: Request, now: int) -> protocol.Beat:
        wanted, mine = asked(request, protocol.Heartbeat), claimed_by(token)
        try:
            if wanted.alive:
                mine = claims.heartbeat(self._log, token.chunk, token.index, mine, now)
        except claims.Taken as taken:
            raise claim_lost(taken) from None
        cancelled, seen = cancelled_since(self._log, token.chunk, max(0, wanted.seen))
        renewed = self._renewed(token, mine, now)
        return protocol.Beat(token=renewed, until_ms=mine.until_ms, cancelled=cancelled, seen=seen)

    def secrets(self, token: Token, request: Request, now: int) -> protocol.Texts:
        wanted = asked(request, protocol.AskSecrets)
        check_few(wanted.references)
        reach, secrets = self._owners.document(token, wanted, now).reach, self._secrets_of(token.namespace)
        texts = []
        for reference in wanted.references:
            driver = str(reference.get("driver"))[:80]
            if driver in MACHINE_DRIVERS or not reach.may_know(reference):
                raise Refusal(
                    403, f"a secret of `{driver}` that is not this chunk's", "a task gets what its plan names"
                )
            try:
                texts.append(secrets.get(reference))
            except SecretUnavailable as error:
                raise Refusal(424, str(error), "set the secret, or correct its name in the pipeline") from None
        return protocol.Texts(texts=texts)

    def credentials(self, token: Token, request: Request, now: int) -> Credentials:
        self._owners.document(token, asked(request, protocol.AskCredentials), now)
        if not self._roles.has(token.namespace):
            raise Refusal(404, f"the namespace {token.namespace} has no role", "name one in the settings of the stack")
        try:
            return self._roles.lend(token.namespace, token.run, now)
        except RoleRefused as refused:
            raise Refusal(
                424, str(refused), "have its trust policy name the gateway's role and the external id"
            ) from None

    def report(self, token: Token, request: Request, now: int) -> protocol.Reported:
        sent, mine = asked(request, protocol.SendReport), claimed_by(token)
        document = self._owners.document(token, sent, now)
        chunk = document.chunk
        events = checked_reports(bytes(sent.events), chunk, document.reach, mine, now)
        if sent.log is not None:
            # Before the events, so that whoever learns of a result finds its log.
            self._blobs.put(log_part_key(document.reach.log, sent.log_part), sent.log)
        if sent.pack is not None:
            self._store_pack(sent.pack, pack_key(chunk.namespace, chunk.run, chunk.id, mine.owner, sent.pack_number))
        following = self._following(token, sent, chunk, events, now)
        if following is not None:
            return protocol.Reported(next=self._handed_over(following, token, mine, now))
        if events:
            self._events.send([write_message(chunk.run, events, self._blobs)], group=chunk.run)
        if sent.last:
            # What was sent counts, even if the claim has ended meanwhile.
            with contextlib.suppress(claims.Taken):
                claims.finish(self._log, token.chunk, token.index, mine, now)
        return protocol.Reported()

    def _store_pack(self, data: bytes, key: str) -> None:
        """Write it once: what was reported of it stays what it was."""
        try:
            self._blobs.put_if(key, data, None)
        except Conflict:
            if self._blobs.get(key) != data:
                raise Refusal(409, "another pack of this number was taken before", "count the packs") from None

    def _renewed(self, token: Token, mine: claims.Claimed, now: int) -> str:
        return self._tokens.sign(msgspec.structs.replace(token, claimed=mine, ends_ms=now + WORK_LASTS_MS), now)

    def _following(
        self, token: Token, sent: protocol.SendReport, chunk: Chunk, events: Sequence[Report], now: int
    ) -> Chunk | None:
        lone = token.lone and sent.last and sent.may_go_on and len(events) == 1 and len(chunk.items) == 1
        if self._after_report is None or not lone or not isinstance(events[0], AttemptSucceeded):
            return None
        return self._after_report(chunk.run, chunk.id, events, now, ends_ms=sent.ends_ms)

    def _handed_over(self, chunk: Chunk, token: Token, mine: claims.Claimed, now: int) -> protocol.Following:
        """The chunk and its token. Nobody else was told of it, so that it needs no word in a log to be claimed."""
        document, until = encode_chunk(chunk), now + claims.LASTS_MS
        claimed = claims.Claimed(owner=mine.owner, handle=mine.handle, since_ms=now, until_ms=until)
        given = Token(run=chunk.run, namespace=chunk.namespace, chunk=chunk.id, document=document_digest(document),
                      ends_ms=0, lone=True, limits=token.limits)  # fmt: skip
        renewed = self._renewed(given, claimed, now)
        return protocol.Following(document=msgspec.Raw(document), token=renewed, until_ms=until)


def _check_claim(wanted: protocol.Claim, token: Token) -> None:
    if (wanted.chunk, wanted.namespace) != (token.chunk, token.namespace):
        raise Refusal(403, "the token is for another chunk", "send the token of the chunk's own assignment")
    if (wanted.index is not None) != (token.members > 0) or not 0 <= (wanted.index or 0) < max(1, token.members):
        raise Refusal(403, f"the token is for no member {wanted.index}", f"its chunk has {token.members} members")
    if not 0 < len(wanted.owner) <= 200 or len(wanted.handle) > 500:
        raise Refusal(422, "a claim needs an owner and a handle", "name the worker, and its job in the pool")
