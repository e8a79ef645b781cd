"""A worker's standing with the gateway: its claim, kept by heartbeats, and the reports it makes under it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from econda_cloud.ports.roles import Credentials
from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.assignment import NOTHING, Assignment
from econda_cloud.wire.chunk import Chunk, Report, decode_chunk
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, Item
from econda_cloud.wire.keys import log_key, log_part_key
from econda_cloud.worker.gateway.blobs import GatewayBlobs
from econda_cloud.worker.gateway.client import ClaimLost, GatewayAway, GatewayClient, GatewayRefused
from econda_cloud.worker.gateway.pack import Pack

LOOK_S = (5.0, 10.0)
"""How often a worker asks whether it is still wanted: in its first minute, and later."""

ALIVE_S = 55.0
"""How often it has itself noted as alive, which is a billed write: chunks of less than a minute never do."""

DOCUMENT_INSIDE_MOST = 64 * 1024
"""Bytes of a document that travel with a report unasked."""

JOIN_S = 2.0
CLAIM_PATIENCE_S = 120.0
CREDENTIALS_PATIENCE_S = 10.0
"""SDKs wait for an answer for a few seconds, and ask again."""

REPORT_PATIENCE_S = 7 * 24 * 3600.0
"""A result is worth waiting for, even through an outage of days, where nothing ends the place before."""


LogPart = tuple[int, bytes]
"""The number of a part of a chunk's log, and what is in it."""


class Session:
    """One claimed chunk after another, in one place. Use as a context: inside, it is heard of."""

    def __init__(
        self, client: GatewayClient, chunk: Chunk, claimed: protocol.Claimed, index: int | None, owner: str
    ) -> None:
        self.client, self.chunk, self.index = client, chunk, index
        self._owner, self.pack = owner, Pack(chunk, owner)
        self.lost, self.has_credentials = False, claimed.credentials
        self._cancelled = set[Item](claimed.cancelled)
        self._seen = claimed.seen
        self._over = threading.Event()
        self._last_word = self._began = time.monotonic()
        self._sent = 0
        # Whichever of the gateway's processes takes the first report may not know the chunk, unless it lies in the store.
        self._unknown = False
        self._heart = threading.Thread(target=self._beat, name="econda-heartbeat", daemon=True)

    def __enter__(self) -> Session:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # It may be waiting for an answer; what it is told by then is of no use any more.
        self._heart.join(JOIN_S)
        self.client.close()

    def bring_document(self) -> None:
        """Send the chunk's document along with the next report, unless it is large: being asked for it costs a request."""
        self._unknown = len(self.client.document) <= DOCUMENT_INSIDE_MOST

    def unwanted(self, item: Item) -> bool:
        """Whether an attempt is to stop: it was cancelled, or the chunk is another worker's."""
        return self.lost or item in self._cancelled

    def credentials(self) -> Credentials:
        """Of the customer, for the tasks of this chunk. Raises `GatewayRefused`, `GatewayAway`."""
        return self.client.ask(
            "/v1/credentials", protocol.AskCredentials(), Credentials, patience_s=CREDENTIALS_PATIENCE_S
        )

    def report(
        self,
        reports: Sequence[Report],
        log: LogPart | None,
        *,
        ends_ms: int | None,
        patience_s: float = REPORT_PATIENCE_S,
    ) -> Chunk | None:
        """Tell what has ended, and what has come to the log; the chunk to go on with, if there is one.

        A result that the gateway does not take is a bad output, and told as such. Raises `ClaimLost`, `GatewayAway`.
        """
        body = self._body(reports, log, ends_ms)
        if body is None:
            return self._apart(reports, log, ends_ms, patience_s, "its outputs cannot be written as JSON")
        try:
            answer = self.client.ask("/v1/report", body, protocol.Reported, patience_s=patience_s)
        except GatewayRefused as refused:
            if refused.status not in (413, 422):
                raise
            return self._apart(reports, log, ends_ms, patience_s, str(refused))
        self._sent += len(reports)
        self._unknown = False
        self.pack.sent()
        return None if answer.next is None else self._follow(answer.next)

    def _body(self, reports: Sequence[Report], log: LogPart | None, ends_ms: int | None) -> protocol.SendReport | None:
        try:
            events = msgspec.Raw(msgspec.json.encode(list(reports)))
        except (RecursionError, TypeError, UnicodeError):
            return None
        last = self._sent + len(reports) == len(self.chunk.items)
        alone = len(self.chunk.items) == 1
        pack = bytes(self.pack.data) if self.pack.data else None
        part, text = log or (0, None)
        document = msgspec.Raw(self.client.document) if self._unknown else protocol.NOTHING
        return protocol.SendReport(events=events, log=text, log_part=part, pack=pack, pack_number=self.pack.number, last=last,
                                   may_go_on=alone, ends_ms=ends_ms, document=document)  # fmt: skip

    def _apart(
        self, reports: Sequence[Report], log: LogPart | None, ends_ms: int | None, patience_s: float, why: str
    ) -> Chunk | None:
        """One of several is not taken: each is told alone. One alone that is not taken has failed."""
        if len(reports) > 1:
            for number, each in enumerate(reports):
                self.report([each], log if number == 0 else None, ends_ms=ends_ms, patience_s=patience_s)
            return None
        [report] = reports
        if not isinstance(report, AttemptSucceeded):
            raise ValueError(f"the gateway does not take this worker's reports: {why}")
        failed = AttemptFailed(instance=report.instance, attempt=report.attempt, failure="bad_output", message=why,
                               started_ms=report.started_ms, ended_ms=report.ended_ms, log=report.log)  # fmt: skip
        return self.report([failed], log, ends_ms=ends_ms, patience_s=patience_s)

    def _follow(self, following: protocol.Following) -> Chunk:
        self.chunk, self.index, self._sent = decode_chunk(bytes(following.document)), None, 0
        self.pack = Pack(self.chunk, self._owner)
        self.client.document, self.client.token = bytes(following.document), following.token
        self._cancelled, self._seen = set(), 0
        self.bring_document()
        self._began = self._last_word = time.monotonic()
        return self.chunk

    def _beat(self) -> None:
        while not self._over.wait(LOOK_S[time.monotonic() - self._began > 60]):
            if time.monotonic() - self._began < LOOK_S[0] / 2:
                # It has just been given this chunk: whoever did so knows that it is wanted.
                continue
            try:
                self.look()
            except ClaimLost:
                self.lost = True
                return
            except (GatewayAway, GatewayRefused):
                # The next one may go through; what matters is that work goes on.
                continue

    def look(self) -> None:
        """Ask what is cancelled, and have the claim prolonged if it is time. Raises what the client raises."""
        now, token = time.monotonic(), self.client.token
        asked = protocol.Heartbeat(alive=now - self._last_word >= ALIVE_S, seen=self._seen)
        try:
            beat = self.client.ask("/v1/heartbeat", asked, protocol.Beat, patience_s=LOOK_S[1])
        except ClaimLost:
            if self.client.token != token:
                return
            raise
        if self.client.token != token:
            # It was about a chunk that is over.
            return
        self.client.token, self._seen = beat.token, beat.seen
        self._cancelled.update(beat.cancelled)
        if asked.alive:
            self._last_word = now


def begin(assignment: Assignment, owner: str, handle: str, index: int | None, *, look: bool) -> Session:
    """Claim the chunk. Raises `AlreadyClaimed`, other `GatewayRefused`, `GatewayAway`."""
    client = GatewayClient(assignment.gateway, assignment.token)
    inline = bytes(assignment.document) != bytes(NOTHING)
    asked = protocol.Claim(chunk=assignment.chunk, namespace=assignment.namespace, owner=owner, handle=handle,
                           index=index, look=look, document=assignment.document)  # fmt: skip
    try:
        claimed = client.ask("/v1/claim", asked, protocol.Claimed, patience_s=CLAIM_PATIENCE_S)
    except BaseException:
        client.close()
        raise
    client.document = bytes(assignment.document if inline else claimed.document)
    client.token = claimed.token
    chunk = decode_chunk(client.document)
    if index is not None:
        chunk = msgspec.structs.replace(chunk, items=(chunk.items[index],))
    session = Session(client, chunk, claimed, index, owner)
    if inline:
        session.bring_document()
    return session


class Home:
    """Where `reports.delivery` brings logs and reports: a small log travels with the reports that it belongs to."""

    def __init__(self, session: Session, ends_ms: int | None, patience: Callable[[], float]) -> None:
        self._session, self._ends_ms, self._patience = session, ends_ms, patience
        self._log: LogPart | None = None
        self.following: Chunk | None = None

    def put_log(self, part: int, path: Path) -> None:
        if path.stat().st_size <= protocol.LOG_INSIDE_MOST:
            self._log = part, path.read_bytes()
            return
        chunk, index = self._session.chunk, self._session.index
        first = log_key(chunk.namespace, chunk.run, chunk.id, index)
        GatewayBlobs(self._session.client, chunk).put_file(log_part_key(first, part), path)

    def send(self, reports: list[Report]) -> None:
        log, self._log = self._log, None
        self.following = self._session.report(reports, log, ends_ms=self._ends_ms, patience_s=self._patience())
