"""What a worker of AWS is told: which chunk to run, with the chunk itself or the key it lies under."""

from __future__ import annotations

from typing import Any

import msgspec

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Conflict
from econda_cloud.wire.chunk import Chunk, decode_chunk, encode_chunk
from econda_cloud.wire.keys import chunk_key

_NOTHING = msgspec.Raw(b"null")

ENVELOPE = 500
"""Bytes of an assignment beside its document."""

INLINE_MOST = 200_000
"""Bytes of a chunk that travel inside an asynchronous invocation (limit: 1 MB, formerly 256 KiB)."""


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`document` is the chunk as JSON, or empty if it lies under `key`.

    `lone`: nothing else of its run is at work, so whoever runs it may go on with what its result makes ready.
    """

    run: str
    namespace: str
    chunk: str
    size: int
    key: str = ""
    document: msgspec.Raw = _NOTHING
    lone: bool = False


def assign(
    chunk: Chunk, blobs: BlobStore, *, most: int = INLINE_MOST, stored: bool = False, lone: bool = False
) -> Assignment:
    """An assignment of so many bytes at most; a document that is too long to travel is stored first.

    An array's is always `stored`. A chunk that was handed over before keeps the document of that time: its workers find
    their work in it by number, and the attempts that have ended since then would shift those behind them.
    """
    document = encode_chunk(chunk)
    if not stored and len(document) + ENVELOPE <= most:
        return _assignment(chunk, document=msgspec.Raw(document), lone=lone)
    key = chunk_key(chunk.namespace, chunk.run, chunk.id)
    try:
        blobs.put_if(key, document, None)
    except Conflict:
        chunk = decode_chunk(blobs.get(key))
    return _assignment(chunk, key=key, lone=lone)


def _assignment(chunk: Chunk, **where: Any) -> Assignment:
    return Assignment(run=chunk.run, namespace=chunk.namespace, chunk=chunk.id, size=len(chunk.items), **where)


def assigned_chunk(assignment: Assignment, blobs: BlobStore) -> Chunk:
    """Raises `KeyError` if the stored document is gone, `msgspec.ValidationError` if it is none."""
    return decode_chunk(blobs.get(assignment.key) if assignment.key else bytes(assignment.document))


def encode_assignment(assignment: Assignment) -> bytes:
    return msgspec.json.encode(assignment)


def decode_assignment(payload: object) -> Assignment:
    """From an invocation's payload, already parsed. Raises `msgspec.ValidationError`."""
    return msgspec.json.decode(msgspec.json.encode(payload), type=Assignment)
