"""Blobs: named bytes in a store that every pool can reach."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from econda_cloud.ports.log import Conflict
from econda_cloud.wire.parts import part_of


class WorkerBlobs(Protocol):
    """What a worker asks of a store. Keys are relative slash-separated names; a write is whole or not at all.

    Missing keys raise `KeyError`. `get`, `get_file`, `exists` and `copy` take keys of parts as well (`wire.parts`).
    """

    def put(self, key: str, data: bytes) -> None: ...

    def get(self, key: str) -> bytes: ...

    def put_file(self, key: str, path: Path) -> None: ...

    def get_file(self, key: str, path: Path) -> None: ...

    def exists(self, key: str) -> bool: ...

    def tagged(self, key: str) -> tuple[bytes, str]:
        """The bytes and a tag of this very content, for `put_if`."""
        ...

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        """Write only if the blob still has this tag (None: if there is none); the new tag. Raises `Conflict`."""
        ...


class BlobStore(WorkerBlobs, Protocol):
    """A store as the system itself has it."""

    def copy(self, source: str, target: str) -> None: ...

    def delete(self, key: str) -> None:
        """Remove a blob; one that is not there is no error."""
        ...

    def renew(self, key: str) -> bool:
        """Whether a blob is there; if so, it counts as written lately, so that it outlives what nobody uses."""
        ...

    def purge(self, key: str) -> None:
        """Remove a blob and whatever the store keeps of its earlier contents; one that is not there is no error."""
        ...


class MemoryBlobs:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> None:
        self._blobs[key] = bytes(data)

    def get(self, key: str) -> bytes:
        part = part_of(key)
        if part is None:
            return self._blobs[key]
        return self._blobs[part.key][part.start : part.start + part.length]

    def put_file(self, key: str, path: Path) -> None:
        self.put(key, path.read_bytes())

    def get_file(self, key: str, path: Path) -> None:
        path.write_bytes(self.get(key))

    def exists(self, key: str) -> bool:
        part = part_of(key)
        return (key if part is None else part.key) in self._blobs

    def copy(self, source: str, target: str) -> None:
        self.put(target, self.get(source))

    def delete(self, key: str) -> None:
        self._blobs.pop(key, None)

    def renew(self, key: str) -> bool:
        return self.exists(key)

    def purge(self, key: str) -> None:
        self.delete(key)

    def tagged(self, key: str) -> tuple[bytes, str]:
        data = self.get(key)
        return data, content_tag(data)

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        now = content_tag(self._blobs[key]) if key in self._blobs else None
        if now != tag:
            raise Conflict(f"the blob {key} has changed")
        self.put(key, data)
        return content_tag(data)


def content_tag(data: bytes) -> str:
    """A tag for stores that give none of their own."""
    return hashlib.sha256(data).hexdigest()
