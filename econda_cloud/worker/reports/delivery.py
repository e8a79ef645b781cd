"""Brings a chunk's reports home: logs into few objects, results into few messages, both while the chunk still runs.

Stores cannot append, so each time there is something to send, the logs that came since then are an object of their own,
the next part of the chunk's log. A report says where in which part its attempt's log lies: that is their index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from econda_cloud.wire.chunk import Report
from econda_cloud.wire.keys import log_part_key

FLUSH_MS = 5_000
"""Results wait at most so long for others to travel with: fewer messages, and dependents hardly later."""

Send = Callable[[list[Report]], None]


class Logs(Protocol):
    """Where logs go."""

    def put_log(self, part: int, path: Path) -> None:
        """Store the next part of the chunk's log; they are counted from 0."""
        ...


def log_span(log: str) -> tuple[str, int, int]:
    """The object, start and length in bytes that a report's `log` names. Raises `ValueError`."""
    key, _, span = log.rpartition("#")
    start, _, length = span.partition("+")
    return key, int(start), int(length)


class Delivery:
    """Reports of one chunk on their way. `log_key` names the first part of its log (see `wire.keys.log_part_key`)."""

    def __init__(self, *, blobs: Logs, send: Send, log_key: str, spool: Path, clock: Callable[[], int]) -> None:
        self._blobs, self._send, self._log_key, self._spool, self._clock = blobs, send, log_key, spool, clock
        self._held: list[Report] = []
        self._since = clock()
        self._unsaved, self._part = False, 0
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
            self._blobs.put_log(self._part, self._spool)
            self._unsaved, self._part = False, self._part + 1
            self._spool.unlink()
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
        return f"{log_part_key(self._log_key, self._part)}#{start}+{len(data)}"
