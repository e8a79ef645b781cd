"""The files and folders that the attempts of a chunk are given: what one does to them, no other one sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from econda_cloud.worker.data.cache import Cache
from econda_cloud.worker.data.private import Stamp, TooMuch, copy_private, remove, stamp


class InputChanged(Exception):
    """An input that all attempts of this machine share is not as it was; the message is for the user."""


@dataclass(frozen=True)
class _Given:
    path: Path
    stamp: Stamp
    private: bool


class Inputs:
    """Private copies where they cost little, for one attempt after another as long as none changes them.

    What is too large for a copy is read where it was fetched to; whoever changes it fails, and so does who read it
    meanwhile. `folder` makes a place for copies.
    """

    def __init__(self, cache: Cache, folder: Callable[[], Path]) -> None:
        self._cache, self._make = cache, folder
        self._folder: Path | None = None
        self._given: dict[tuple[str, str, bool], _Given] = {}
        self._places = count()

    def path(self, value: dict[str, Any]) -> Path:
        """Where an attempt finds this artifact. Raises what `Cache.artifact` raises."""
        about = value["$artifact"]
        key = str(about["sha256"]), str(about.get("name", "")), bool(about.get("executable"))
        if key not in self._given:
            self._given[key] = self._copied(value)
        return self._given[key].path

    def folders(self) -> list[Path]:
        """Where all paths that were given lie."""
        return [self._cache.directory, *([self._folder] if self._folder is not None else [])]

    def check(self) -> None:
        """After an attempt: whatever it has changed is not given to another one. Raises `InputChanged`."""
        changed = {key: given for key, given in self._given.items() if _stamp(given.path) != given.stamp}
        for key, given in changed.items():
            del self._given[key]
            if given.private:
                remove(given.path)
            else:
                self._cache.forget(given.path)
        if shared := [given.path.name for given in changed.values() if not given.private]:
            raise InputChanged(
                f"the input {', '.join(shared)} was changed while the attempt ran; inputs are for reading: copy it first, to"
                " a name in the current directory"
            )

    def _copied(self, value: dict[str, Any]) -> _Given:
        shared = self._cache.artifact(value)
        if self._folder is None:
            self._folder = self._make()
        # A folder for each: a task may look for what lies beside a file.
        target = self._folder / str(next(self._places)) / shared.name
        target.parent.mkdir()
        try:
            copy_private(shared, target, int(value["$artifact"].get("size", 0)))
        except TooMuch:
            return _Given(shared, stamp(shared), private=False)
        return _Given(target, stamp(target), private=True)

    def close(self) -> None:
        if self._folder is not None:
            remove(self._folder)
            self._folder = None
        self._given.clear()


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp(path)
    except OSError:
        return None
