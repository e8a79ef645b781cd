"""One upload from beginning to end: a run started, or errors put beside the file."""

from __future__ import annotations

from collections.abc import Callable

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.submission.accept import Content, Refused, accept
from econda_cloud.submission.uploads import BadKey, Upload
from econda_cloud.wire.events import RunStarted

LARGEST = 100 * 1024 * 1024
"""Bytes of an upload that are looked at; anything larger is data, which does not belong into a bundle."""


def take_in(
    upload: Upload, size: int, fetch: Callable[[], Content], blobs: BlobStore, start: Callable[[RunStarted], None]
) -> RunStarted | None:
    """Start the upload's run by `start`, or write its errors and return None.

    An old list of errors is removed once the file is accepted. Raises what `fetch` and `start` raise; `KeyError`
    from `fetch` means that the object is gone again.
    """
    try:
        if size > LARGEST:
            limit = LARGEST // 1024**2
            raise Refused(f"error: the upload has {size:,} bytes, the limit is {limit} MiB; leave data out of it")
        started = accept(upload, fetch(), blobs)
    except (Refused, BadKey) as refused:
        # It may speak of what was given, which need not be text: an answer that cannot be written would be none.
        blobs.put(upload.errors_key, f"{refused}\n".encode("utf-8", "backslashreplace"))
        return None
    start(started)
    blobs.delete(upload.errors_key)
    return started
