"""Brings a chunk's reports home: logs into one object, results into few messages, both while the chunk still runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from econda_cloud.wire.chunk import Report

FLUSH_MS = 5_000
"""Results wait at most so long for others to travel with: fewer messages, and dependents hardly later."""

Send = Callable[[list[Report]], None]


class Logs(Protocol):
    """Where logs go."""

    def put_file(self, key: str, path: Path) -> None: ...


def log_span(log: str) -> tuple[str, int, int]:
    """The object, start and length in bytes that a report's `log` names. Raises `ValueError`."""
    key, _, span = log.rpartition("#")
    start, _, length = span.partition("+")
    return key, int(start), int(length)


class Delivery:
    """Reports of one chunk on their way. `log_key` names the object that all its logs go into, one after another."""

    def __init__(self, *, blobs: Logs, send: Send, log_key: str, spool: Path, clock: Callable[[], int]) -> None:
        self._blobs, self._send, self._log_key, self._spool, self._clock = blobs, send, log_key, spool, clock
        self._held: list[Report] = []
        self._since = clock()
        self._unsaved = False
        spool.unlink(missing_ok=True)

    def deliver(self, reports: Iterable[Report]) -> None:
        """Carry all of these home. Raises what the store and the queue raise; then the chunk counts as lost."""
        for report in reports:
            self.add(report)
        self.end()

    def add(self, report: Report) -> None:
        """Take one report along; it is sent with others, or with those before it if they have waited long enough."""
        self._held.append(msgspec.structs.replace(report, log=self._keep_log(report.log)))
        if self._clock() - self._since >= FLUSH_MS:
            self.flush()

    def end(self) -> None:
        """Send what is left."""
        self.flush()
        self._spool.unlink(missing_ok=True)

    def flush(self) -> None:
        """Logs first, so that whoever learns of a result finds its log."""
        if self._unsaved:
            self._blobs.put_file(self._log_key, self._spool)
            self._unsaved = False
        if self._held:
            self._send(self._held)
        self._held, self._since = [], self._clock()

    def _keep_log(self, log: str) -> str:
        local = Path(log) if log else None
        if local is None or not local.is_file():
            return ""
        data = local.read_bytes()
        local.unlink()
        if not data:
            return ""
        self._spool.parent.mkdir(parents=True, exist_ok=True)
        with self._spool.open("ab") as spool:
            start = spool.tell()
            spool.write(data)
        self._unsaved = True
        return f"{self._log_key}#{start}+{len(data)}"
