"""What an attempt has written: from its chunk's log, or, while it runs, what its worker has shown so far."""

from __future__ import annotations

from pathlib import Path

from econda_cloud.cli.runs.stores import Found
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.record.instances import Attempt
from econda_cloud.wire.keys import live_log_prefix
from econda_cloud.worker.reports.delivery import log_span

PIECES_MOST = 200
"""Of what is shown live, the last so many pieces are read: an hour and a half, once they come every half minute."""


def log_of(found: Found, instance: str, attempt: Attempt) -> bytes:
    """Empty for an attempt that has written nothing, or whose log is gone."""
    if found.store.team is None:
        path = Path(attempt.log) if attempt.log else None
        return path.read_bytes() if path and path.is_file() else b""
    if attempt.log:
        key, start, length = log_span(attempt.log)
        try:
            return found.store.blobs.get(key)[start : start + length]
        except KeyError:
            return b""
    if attempt.ended_ms:
        return b""
    return live_log(found.store.blobs, live_log_prefix(found.namespace, found.run, instance, attempt.attempt))


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
