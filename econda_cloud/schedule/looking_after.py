"""Who has a chunk that was not heard of: what its claim says, and else what its pool says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from econda_cloud.gateway.claims import Claimed, claim_state
from econda_cloud.ports.log import Log
from econda_cloud.ports.pool import Ended, Gone, JobState, PoolDriver, Running, Waiting, member_handle
from econda_cloud.wire.commands import LookAfter
from econda_cloud.wire.events import AnyEvent, ChunkLost, ChunkSeen
from econda_cloud.wire.names import job_of

LOOK_MS = 120_000
"""A chunk that is well is looked after again after so long: a dead worker is missed as late as that."""

SILENT = "its worker was not heard of for two minutes"


def looked_after(command: LookAfter, log: Log, driver: PoolDriver | None, now: int) -> Sequence[AnyEvent]:
    """What becomes of the chunk: it was seen, or it or some members of it are lost; nothing if nobody can tell."""
    members: Sequence[int | None] = command.members or (None,)
    found = [(member, claim_state(log, command.chunk, member)) for member in members]
    unclaimed = [member for member, claimed in found if claimed is None]
    events: list[AnyEvent] = [_silent(command, member, claimed, driver) for member, claimed in found
                              if claimed is not None and not claimed.done and not claimed.alive(now)]  # fmt: skip
    if unclaimed:
        events += _unclaimed(command, unclaimed, driver, now)
    well = [claimed.until_ms for _, claimed in found if claimed is not None and claimed.alive(now)]
    done = any(claimed is not None and claimed.done for _, claimed in found)
    if well or done:
        events.append(ChunkSeen(chunk=command.chunk, until_ms=max([now + LOOK_MS // 2, *well])))
    return events


def believed(lost: ChunkLost, log: Log, now: int) -> ChunkLost | None:
    """What a pool says of its own accord, with the job that it is about; None if that is a duplicate of the job that has
    the chunk.
    """
    claimed = claim_state(log, lost.chunk, lost.index)
    if claimed is None or not claimed.handle:
        return lost
    if not lost.handle or job_of(claimed.handle) == job_of(lost.handle):
        return msgspec.structs.replace(lost, handle=lost.handle or claimed.handle, claimed=True)
    if claimed.done or claimed.alive(now):
        return None
    # How long that one lasted says nothing of the job that had the chunk.
    return msgspec.structs.replace(lost, started_ms=0, ended_ms=0)


def _silent(command: LookAfter, member: int | None, claimed: Claimed, driver: PoolDriver | None) -> ChunkLost:
    """A worker whose claim is over is gone, and perhaps its pool knows why."""
    handle = claimed.handle if member is None else job_of(claimed.handle)
    own = msgspec.structs.replace(command, handle=handle or command.handle)
    state = _state(own, member, driver)
    if isinstance(state, Ended) and state.failure is not None:
        return msgspec.structs.replace(_lost(own, member, state), claimed=True)
    return ChunkLost(chunk=command.chunk, failure="lost", message=SILENT, index=member,
                     started_ms=claimed.since_ms)  # fmt: skip


def _unclaimed(command: LookAfter, members: list[int | None], driver: PoolDriver | None, now: int) -> list[AnyEvent]:
    if command.here:
        # Whoever went on with it has its claim with the one before, until its first heartbeat.
        gone = now - command.placed_ms > 2 * LOOK_MS
        return [ChunkLost(chunk=command.chunk, failure="lost", message=SILENT)] if gone else [
            ChunkSeen(chunk=command.chunk, until_ms=now + LOOK_MS // 2)]  # fmt: skip
    events: list[AnyEvent] = []
    waits = False
    for member in members:
        match _state(command, member, driver):
            case Ended(failure=failure) as ended if failure is not None:
                events.append(_lost(command, member, ended))
            case Gone():
                message = "its pool knows nothing of it any more"
                events.append(ChunkLost(chunk=command.chunk, failure="lost", message=message, index=member))
            case Waiting() | Running() | Ended():
                waits = True
            case _:
                pass
    return [*events, ChunkSeen(chunk=command.chunk, until_ms=now + LOOK_MS)] if waits else events


def _state(command: LookAfter, member: int | None, driver: PoolDriver | None) -> JobState | None:
    if driver is None or not command.handle or not driver.capabilities().describes:
        return None
    handle = command.handle if member is None else member_handle(command.handle, member)
    return driver.describe([handle])[0]


def _lost(command: LookAfter, member: int | None, ended: Ended) -> ChunkLost:
    return ChunkLost(chunk=command.chunk, failure=ended.failure or "lost", message=ended.message, index=member,
                     handle=command.handle, started_ms=ended.started_ms or 0, ended_ms=ended.ended_ms or 0)  # fmt: skip
