"""What an attempt has written: from its chunk's log, or, while it runs, what its worker has shown so far."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from econda_adapters.embedded.live import live_file

from econda_cloud.cli.runs.places import embedded_folder
from econda_cloud.cli.runs.stores import Found
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.record.instances import Attempt
from econda_cloud.wire.keys import live_log_prefix
from econda_cloud.worker.reports.delivery import log_span

PIECES_MOST = 200
"""Of what is shown live, the last so many pieces are read: an hour and a half, once they come every half minute."""


def log_of(found: Found, instance: str, attempt: Attempt) -> bytes:
    """Empty for an attempt that has written nothing, or whose log is gone."""
    if attempt.log:
        return _kept(found, attempt.log)
    if attempt.ended_ms:
        return b""
    if found.store.team is None:
        return _read(live_file(embedded_folder() / "scratch", found.run, instance, attempt.attempt))
    return live_log(found.store.blobs, live_log_prefix(found.namespace, found.run, instance, attempt.attempt))


def _kept(found: Found, log: str) -> bytes:
    if found.store.team is None:
        return _read(Path(log))
    key, start, length = log_span(log)
    return _part(found.store.blobs, key)[start : start + length]


@lru_cache(maxsize=4)
def _part(blobs: BlobStore, key: str) -> bytes:
    """A part of a chunk's log, in which many attempts have theirs, one after another. Empty if it is gone."""
    try:
        return blobs.get(key)
    except KeyError:
        return b""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def live_log(blobs: BlobStore, prefix: str) -> bytes:
    """The pieces under a prefix, one after another; if there are many, the last ones."""
    most = _count(blobs, prefix)
    first = max(0, most - PIECES_MOST)
    said = b"[... what was written before follows when it has ended ...]\n" if first else b""
    return said + b"".join(blobs.get(f"{prefix}{number}") for number in range(first, most))


def _count(blobs: BlobStore, prefix: str) -> int:
    """How many pieces there are, found by few questions: there are all up to the last one."""
    above = 1
    while blobs.exists(f"{prefix}{above - 1}"):
        above *= 2
    known = above // 2
    # There are at least `known` of them, and fewer than `above`.
    while known + 1 < above:
        middle = (known + above) // 2
        if blobs.exists(f"{prefix}{middle - 1}"):
            known = middle
        else:
            above = middle
    return known


class LivePieces:
    """What is shown of an attempt of a stack, read as it comes: one question for each look that finds nothing new."""

    def __init__(self, blobs: BlobStore, prefix: str) -> None:
        self._blobs, self._prefix, self._number = blobs, prefix, 0
        self._read = b""

    def look(self) -> bytes:
        """All that was shown so far."""
        while self._blobs.exists(f"{self._prefix}{self._number}"):
            self._read += self._blobs.get(f"{self._prefix}{self._number}")
            self._number += 1
        return self._read
