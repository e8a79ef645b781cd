"""Runs of several places as one list, newest first: read off their indices, so each costs what is shown of it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

from econda_cloud.cli.runs.stores import Found, Store
from econda_cloud.ports.run_index import IndexedRun, newest_first


def listed(
    places: Sequence[Store], *, namespace: str | None = None, before: int | None = None
) -> Iterator[tuple[Store, IndexedRun]]:
    """What the indices hold, newest first, from `before` (a position) on; no log is read."""
    return heapq.merge(
        *(_of(store, namespace, before) for store in places),
        key=lambda each: -each[1].position,
    )


def begun(
    places: Sequence[Store], *, namespace: str | None = None, before: int | None = None
) -> Iterator[tuple[Found, IndexedRun]]:
    """Runs that have begun, newest first; of each, its first record is read."""
    for store, run in listed(places, namespace=namespace, before=before):
        found = Found(store, run.run)
        if found.began(run.started_ms):
            yield found, run


def names(store: Store, prefix: str, most: int) -> list[str]:
    """Newest runs of a store with this prefix, among its last `most`."""
    return [run.run for run in islice(newest_first(store.index), most) if run.run.startswith(prefix)]


def _of(store: Store, namespace: str | None, before: int | None) -> Iterator[tuple[Store, IndexedRun]]:
    return ((store, run) for run in newest_first(store.index, namespace=namespace, before=before))
