"""A worker of AWS that goes on by itself: what it needs of a scheduler. Loaded only by workers that may."""

from __future__ import annotations

from functools import cache, partial

import msgspec

from econda_adapters.aws.assignment import Assignment
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.schedule.eager import Course, Tenure
from econda_cloud.schedule.history import run_history
from econda_cloud.schedule.status import StatusBoard
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.pools import Pool
from econda_cloud.worker.run_chunk import MARGIN_MS


def course_of(assignment: Assignment, log: Log, blobs: BlobStore, now: int, deadline_ms: int | None) -> Course:
    """The way of a worker that may go on. Times in ms since the epoch; `deadline_ms` ends the invocation.

    Raises `msgspec.ValidationError` if the assignment names no pool.
    """
    pool = msgspec.json.decode(assignment.eager, type=Pool)
    place = Tenure(
        pool=pool,
        lender=assignment.chunk,
        until_ms=now + pool.chunk_ms,
        ends_ms=None if deadline_ms is None else deadline_ms - MARGIN_MS,
    )
    find = cache(partial(stored_plan, blobs))
    history = run_history(log, find, assignment.run, blobs)
    return Course(history, partial(find, assignment.namespace, assignment.run), place, StatusBoard(blobs))
