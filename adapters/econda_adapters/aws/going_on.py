"""Going on with a run where its last attempt has ended. Loaded only by those who may."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.schedule.eager import next_chunk
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.events import AnyEvent


class GoingOn:
    """One run, as far as it is known where its attempts end one after another."""

    def __init__(self, history: RunHistory) -> None:
        self._history, self.run = history, history.run

    def after(self, chunk: str, events: Sequence[AnyEvent], now: int, ends_ms: int | None) -> Chunk | None:
        """What follows a chunk in its place; see `eager.next_chunk`."""
        return next_chunk(self._history, chunk, events, now, ends_ms)


def going_on(run: str, log: Log, blobs: BlobStore) -> GoingOn:
    return GoingOn(RunHistory(log, partial(stored_plan, blobs), run, blobs))
