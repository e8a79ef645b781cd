"""The index of runs: what has begun where and when, newest first, so that nobody reads every log to list a few runs.

An item is written before a run's first record, by whoever is about to append it. So a run that is in no index has not
begun; and an item whose run has no log, or a log that began at another time, is of somebody who died in between or was
not the first: readers pass it over.
"""

from __future__ import annotations

import hashlib
import heapq
from bisect import insort
from collections.abc import Iterator
from typing import Protocol

import msgspec

TIES = 10**20
"""Runs that begin in the same millisecond are in the order of a hash of their names, which is below this."""

PAGE = 100
"""Runs asked for at once by who reads on and on."""


class IndexedRun(msgspec.Struct, frozen=True):
    """A run, and the time of its first record in ms since the epoch."""

    namespace: str
    run: str
    started_ms: int

    @property
    def position(self) -> int:
        """Its place among the runs of all namespaces; later runs have higher ones. At most 33 digits."""
        return self.started_ms * TIES + int.from_bytes(hashlib.sha256(self.run.encode()).digest()) % TIES


class RunIndex(Protocol):
    def add(self, run: IndexedRun) -> None:
        """The same one again changes nothing."""
        ...

    def namespaces(self) -> list[str]:
        """All that may hold runs, sorted."""
        ...

    def newest(self, namespace: str, limit: int, before: int | None = None) -> list[IndexedRun]:
        """At most `limit` runs of a namespace with positions below `before`, newest first."""
        ...


def newest_first(
    index: RunIndex, *, namespace: str | None = None, before: int | None = None, page: int = PAGE
) -> Iterator[IndexedRun]:
    """The runs of a namespace, or of all, newest first; read page by page as they are asked for."""
    names = index.namespaces() if namespace is None else [namespace]
    return heapq.merge(*(_pages(index, name, before, page) for name in names), key=lambda run: -run.position)


def _pages(index: RunIndex, namespace: str, before: int | None, page: int) -> Iterator[IndexedRun]:
    while found := index.newest(namespace, page, before):
        yield from found
        before = found[-1].position
        if len(found) < page:
            return


class MemoryRunIndex:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._runs: dict[str, list[tuple[int, IndexedRun]]] = {}

    def add(self, run: IndexedRun) -> None:
        runs = self._runs.setdefault(run.namespace, [])
        if (item := (run.position, run)) not in runs:
            insort(runs, item, key=lambda each: each[0])

    def namespaces(self) -> list[str]:
        return sorted(self._runs)

    def newest(self, namespace: str, limit: int, before: int | None = None) -> list[IndexedRun]:
        older = [run for position, run in self._runs.get(namespace, []) if before is None or position < before]
        return older[::-1][:limit]
