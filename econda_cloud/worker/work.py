"""A worker at work: claims a chunk through the gateway, runs it and what is to follow it there, and reports."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from econda_cloud.wire.assignment import Assignment
from econda_cloud.wire.chunk import WorkItem
from econda_cloud.wire.events import Item
from econda_cloud.wire.keys import live_log_prefix, log_key
from econda_cloud.worker.gateway.blobs import GatewayBlobs, GatewaySecrets
from econda_cloud.worker.gateway.client import AlreadyClaimed, ClaimLost
from econda_cloud.worker.gateway.credentials import CredentialsServer
from econda_cloud.worker.gateway.session import REPORT_PATIENCE_S, Home, Session, begin
from econda_cloud.worker.processes.host_pool import HostPool
from econda_cloud.worker.reports.delivery import Delivery
from econda_cloud.worker.reports.live import LiveLogs
from econda_cloud.worker.run_chunk import MARGIN_MS, run_chunk


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def scratch_folder() -> Path:
    """Where a worker keeps logs and fetched files; shared by the workers of one machine and user."""
    return Path(os.environ.get("ECONDA_SCRATCH") or Path(tempfile.gettempdir()) / f"econda-{os.getuid()}")


@dataclass(frozen=True)
class Occasion:
    """What a worker was started as. handle: its job's name in the pool. index: of a member of an array, unless the
    assignment says it. ends_ms: when the place ends (ms since the epoch), None for never. stopping: whether the host
    is being taken away. look_first: whether to look for a cancellation before beginning, after a long wait in a queue.
    """

    handle: str
    index: int | None = None
    ends_ms: int | None = None
    stopping: Callable[[], bool] = lambda: False
    look_first: bool = False


class Worker:
    """Runs chunks, with warm processes between them. Has no rights but those of the assignments it is given."""

    def __init__(self, hosts: HostPool | None = None, scratch: Path | None = None) -> None:
        self._hosts = hosts or HostPool()
        self._scratch = (scratch or scratch_folder()).absolute()
        self._credentials: CredentialsServer | None = None

    def work(self, assignment: Assignment, occasion: Occasion) -> int:
        """Run a chunk and what is to follow it here; how many attempts, 0 if another worker has it.

        Raises `GatewayAway`, `GatewayRefused`; the chunk is lost then. Raises `AlreadyClaimed` if the other one is an
        earlier try of the same job: it is not heard of any more, and somebody should be told.
        """
        index = assignment.index if assignment.index is not None else occasion.index
        try:
            session = begin(assignment, uuid.uuid4().hex, occasion.handle, index, look=occasion.look_first)
        except AlreadyClaimed as refused:
            if refused.by == occasion.handle:
                raise
            return 0
        attempts = 0
        with session, self._lending(session), LiveLogs() as live:
            try:
                following = True
                while following:
                    later, attempts = attempts > 0, attempts + len(session.chunk.items)
                    following = self._run(session, occasion, live, later=later)
            except ClaimLost:
                return 0
        return attempts

    @contextmanager
    def _lending(self, session: Session) -> Iterator[None]:
        """Tasks may ask for credentials while the session lasts, if their namespace has a role."""
        if session.has_credentials and self._credentials is None:
            self._credentials = CredentialsServer()
        if self._credentials is not None:
            self._credentials.lend = session.credentials if session.has_credentials else None
        try:
            yield
        finally:
            if self._credentials is not None:
                self._credentials.lend = None

    def _run(self, session: Session, occasion: Occasion, live: LiveLogs, *, later: bool) -> bool:
        """Run the session's chunk and report; whether another one is to follow."""
        chunk, index = session.chunk, session.index

        def cancelled(item: Item) -> bool:
            return occasion.stopping() or session.unwanted(item)

        def patience() -> float:
            if occasion.ends_ms is None:
                return REPORT_PATIENCE_S
            return max(1.0, (occasion.ends_ms - now_ms()) / 1000 - 1)

        def show(item: WorkItem, log: Path, secrets: Sequence[str]) -> AbstractContextManager[None]:
            prefix = live_log_prefix(chunk.namespace, chunk.run, item.instance, item.attempt)
            return live.following(log, lambda number, piece: blobs.put(f"{prefix}{number}", piece), secrets)

        home = Home(session, None if occasion.ends_ms is None else occasion.ends_ms - MARGIN_MS, patience)
        blobs = GatewayBlobs(session.client, chunk, session.pack)
        # Members of an array may share a machine, and so a scratch folder.
        name = chunk.id if index is None else f"{chunk.id}.{index}"
        delivery = Delivery(
            blobs=home,
            send=home.send,
            log_key=log_key(chunk.namespace, chunk.run, chunk.id, index),
            spool=self._scratch / "spool" / f"{name}.log",
            clock=now_ms,
        )
        delivery.deliver(
            run_chunk(
                chunk,
                blobs=blobs,
                scratch=self._scratch,
                hosts=self._hosts,
                clock=now_ms,
                cancelled=cancelled,
                deadline_ms=occasion.ends_ms,
                secrets=GatewaySecrets(session.client),
                variables=self._credentials.variables if self._credentials and session.has_credentials else {},
                later=later,
                keep=blobs.keep,
                show=show,
            )
        )
        return home.following is not None

    def close(self) -> None:
        self._hosts.close()
        if self._credentials is not None:
            self._credentials.close()
