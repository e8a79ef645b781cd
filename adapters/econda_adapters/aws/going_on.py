"""Going on with a run where its last attempt has ended: what the gateway answers to the report of a lone attempt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.schedule.eager import next_chunk
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.chunk import Chunk, Report

RUNS_WARM = 256
"""Runs whose state is kept between two links of their chains."""


class GoingOn:
    """Runs as far as they are known where their attempts end one after another. `AfterReport` of the gateway."""

    def __init__(self, log: Log, blobs: BlobStore) -> None:
        self._log, self._blobs = log, blobs
        self._runs: OrderedDict[str, RunHistory] = OrderedDict()

    def __call__(
        self, run: str, chunk: str, events: Sequence[Report], now: int, *, ends_ms: int | None
    ) -> Chunk | None:
        """What follows a chunk in its place; see `eager.next_chunk`. What cannot be told now is for the scheduler."""
        history = self._runs.pop(run, None)
        if history is None:
            history = RunHistory(self._log, partial(stored_plan, self._blobs), run, self._blobs)
        try:
            following = next_chunk(history, chunk, events, now, ends_ms)
        except Exception:
            return None
        self._runs[run] = history
        while len(self._runs) > RUNS_WARM:
            self._runs.popitem(last=False)
        return following
