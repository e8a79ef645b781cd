"""Who runs a chunk, and which attempts are not wanted any more: small logs of their own.

A chunk may be handed to a pool twice, after a crash or because deliveries are at least once. The first worker that
claims it runs it; the others leave. Cancelling is a note that the worker looks for now and then.
"""

from __future__ import annotations

import msgspec

from econda_cloud.ports.log import Conflict, Log
from econda_cloud.wire.events import Item

_notes = msgspec.json.Decoder(list[Item])


def claim(log: Log, chunk: str, index: int | None, worker: str) -> bool:
    """Make this worker the one that runs the chunk (or the member `index` of an array); False if another is."""
    name = f"claim/{chunk}" if index is None else f"claim/{chunk}/{index}"
    record = msgspec.json.encode({"worker": worker})
    try:
        log.append(name, 0, record)
    except Conflict:
        # A client that tries again after an answer was lost meets its own claim.
        return log.read(name)[:1] == [record]
    return True


def who_claimed(log: Log, chunk: str, index: int | None = None) -> str:
    """The worker that has a chunk, or a member of it; empty if none has."""
    name = f"claim/{chunk}" if index is None else f"claim/{chunk}/{index}"
    records = log.read(name)
    return str(msgspec.json.decode(records[0]).get("worker", "")) if records else ""


def note_cancelled(log: Log, chunk: str, items: tuple[Item, ...]) -> None:
    """Note that these attempts of a chunk are to stop."""
    while True:
        try:
            log.append(f"cancel/{chunk}", len(log.read(f"cancel/{chunk}")), msgspec.json.encode(items))
        except Conflict:
            continue
        return


class Cancellations:
    """The attempts of one chunk that are to stop, read at most every `every_ms` (each read is a billed request)."""

    def __init__(self, log: Log, chunk: str, *, now: int, every_ms: int = 5_000) -> None:
        self._log, self._chunk, self._every = log, chunk, every_ms
        self._next = now + every_ms
        self._found: set[Item] = set()
        self._seen = 0

    def includes(self, item: Item, now: int) -> bool:
        if now >= self._next:
            self.look(now)
        return item in self._found

    def look(self, now: int) -> None:
        self._next = now + self._every
        for record in self._log.read(f"cancel/{self._chunk}", self._seen):
            self._seen += 1
            self._found.update(_notes.decode(record))
