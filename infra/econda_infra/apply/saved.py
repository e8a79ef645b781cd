"""What was made for a team, kept in a file, so that the next deployment knows what is there."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import msgspec


class Saved(msgspec.Struct, kw_only=True):
    """One resource. `digest` is of its inputs; `id` and `outputs` are those of `kind.Made`."""

    type: str
    name: str
    id: str
    digest: str
    outputs: dict[str, Any]


class _File(msgspec.Struct, kw_only=True):
    at: str
    resources: dict[str, Saved]


class Resources:
    """The resources of a team by URN, in the order in which they were made; each change is on disk at once.

    `at` is the address of the cloud they are in: what was made at another one counts as lost.
    """

    def __init__(self, path: Path, at: str) -> None:
        self._path, self._at, self._lock = path, at, Lock()
        file = _read(path)
        self._found = file.resources if file is not None and file.at == at else {}

    def __len__(self) -> int:
        return len(self._found)

    def get(self, urn: str) -> Saved | None:
        return self._found.get(urn)

    def newest_first(self) -> list[tuple[str, Saved]]:
        """Users before what they use."""
        return list(self._found.items())[::-1]

    def put(self, urn: str, saved: Saved) -> None:
        with self._lock:
            self._found[urn] = saved
            self._write()

    def remove(self, urn: str) -> None:
        with self._lock:
            self._found.pop(urn, None)
            self._write()

    def forget(self) -> None:
        with self._lock:
            self._found.clear()
            self._write()

    def _write(self) -> None:
        replace(self._path, msgspec.json.encode(_File(at=self._at, resources=self._found)))


def replace(path: Path, data: bytes) -> None:
    """Write a whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(data)
    beside.replace(path)


def _read(path: Path) -> _File | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return None
