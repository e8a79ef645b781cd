"""Chunks that nobody has heard of: looked after when they should have ended, and missed when their time is over."""

from __future__ import annotations

import heapq

from econda_cloud.run.endings import take_loss
from econda_cloud.run.state import TimerKind
from econda_cloud.run.work import Work
from econda_cloud.wire.entries import Looked
from econda_cloud.wire.events import ChunkLost, ChunkSeen
from econda_cloud.wire.names import job_of

LOOK_MS = 120_000
"""A chunk that was looked after is looked after again after so long, as long as nobody says that it is well."""


def look_due(work: Work, name: str, due_ms: int) -> None:
    """It is time to look after a chunk, or to give it up."""
    chunk = work.state.chunks.get(name)
    if chunk is None or chunk.look_ms != due_ms:
        return
    if chunk.until_ms <= work.now:
        take_loss(work, ChunkLost(chunk=name, failure="lost", message=f"not heard of in time by {chunk.pool}"))
        return
    if chunk.waits:
        # Its pool would not take it then; perhaps it does now.
        chunk.waits = ""
        work.state.undone[name] = work.state.seq
    next_ms = work.choices.make(Looked, lambda: Looked(min(work.now + LOOK_MS, chunk.until_ms))).next_ms
    chunk.look_ms = next_ms
    work.state.looked[name] = work.state.seq
    heapq.heappush(work.state.timers, (next_ms, TimerKind.LOOK, name, 0))


def take_seen(work: Work, event: ChunkSeen) -> None:
    """Somebody has the chunk: it is looked after again when that may have changed."""
    chunk = work.state.chunks.get(event.chunk)
    if chunk is None or (event.handle and chunk.handle and job_of(event.handle) != job_of(chunk.handle)):  # fmt: skip
        return
    work.state.looked.pop(event.chunk, None)
    chunk.waits = event.waits
    if event.handle and not chunk.handle:
        chunk.handle = event.handle
    if event.until_ms > work.now:
        chunk.look_ms = event.until_ms
        heapq.heappush(work.state.timers, (event.until_ms, TimerKind.LOOK, event.chunk, 0))
