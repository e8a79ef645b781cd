"""Which attempts of a chunk are not wanted any more: notes in a small log, which its worker looks for now and then."""

from __future__ import annotations

import msgspec

from econda_cloud.ports.log import Conflict, Log
from econda_cloud.wire.events import Item

_notes = msgspec.json.Decoder(list[Item])


def note_cancelled(log: Log, chunk: str, items: tuple[Item, ...]) -> None:
    """Note that these attempts of a chunk are to stop."""
    while True:
        try:
            log.append(f"cancel/{chunk}", len(log.read(f"cancel/{chunk}")), msgspec.json.encode(items))
        except Conflict:
            continue
        return


def cancelled_since(log: Log, chunk: str, seen: int) -> tuple[list[Item], int]:
    """The attempts noted after the first `seen` notes, and how many notes there are now. One billed read."""
    records = log.read(f"cancel/{chunk}", seen)
    return [item for record in records for item in _notes.decode(record)], seen + len(records)
