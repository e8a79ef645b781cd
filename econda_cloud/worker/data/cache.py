"""Blobs that attempts read, on the worker's disk: fetched once, kept as long as there is room."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.worker.data.cache_room import Claims, Room, stamps_of
from econda_cloud.worker.data.packing import UNPACKED_S, sha256, unpack
from econda_cloud.worker.data.private import protect, remove, stamp

Form: TypeAlias = Literal["file", "program", "tree"]
"""What a blob becomes on the disk; a tree is packed."""


def file_name_of(about: Mapping[str, Any]) -> str:
    """The name of an artifact's file or folder, and of nothing else: whoever says what it is may have made it up."""
    name = Path(str(about.get("name", ""))).name
    return "artifact" if name in ("", "..") else name


class Cache:
    """Fetched blobs by content. Entries appear whole or not at all, so processes may share the directory.

    What was asked for stays until `close`. Beyond that, `room` decides; without one, everything stays.
    """

    def __init__(self, blobs: WorkerBlobs, directory: Path, room: Room | None = None) -> None:
        self.blobs, self.directory, self._room = blobs, directory, room
        self._claims: Claims | None = None

    def close(self) -> None:
        if self._claims is not None:
            self._claims.close()
            self._claims = None

    def artifact(self, value: dict[str, Any]) -> Path:
        """The local path of an artifact value. Raises `ValueError` when the blob is not what it claims to be."""
        about = value["$artifact"]
        digest = str(about["sha256"])
        if len(digest) != 64 or not digest.isalnum():
            raise ValueError(f"not a hash: {digest:.80}")
        name = file_name_of(about)
        form: Form = "file"
        if about.get("packed") == "tar" or about.get("kind") == "Dir":
            form = "tree"
        elif about.get("executable"):
            form = "program"
        # A file of the same content that is no program has other permissions.
        entry = digest if form != "program" else hashlib.sha256(f"program {digest}".encode()).hexdigest()
        return self._get(str(about["key"]), self.directory / entry / name, digest, form)

    def opened(self, key: str) -> Path:
        """The directory of an archive blob (zip or tar) of any key."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._get(key, self.directory / "opened" / digest / "tree", "", "tree")

    def forget(self, target: Path) -> None:
        """Fetch this path of an artifact anew when it is next asked for: somebody has changed it."""
        _stamp_file(target).unlink(missing_ok=True)

    def _get(self, key: str, target: Path, digest: str, form: Form) -> Path:
        self._claim(target.parent)
        if _is_whole(target, checked=bool(digest)):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        # Hosts that start together want the same archive; without the lock each would fetch and unpack it.
        with target.parent.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_whole(target, checked=bool(digest)):
                remove(target)
                self._fetch_into_room(key, target, digest, form)
                if digest:
                    noted = _stamp_file(target)
                    noted.parent.mkdir(exist_ok=True)
                    noted.write_text(json.dumps(stamp(target)))
        return target

    def _claim(self, entry: Path) -> None:
        if self._room is not None:
            if self._claims is None:
                self._claims = self._room.claims()
            self._claims.add(entry)

    def _fetch_into_room(self, key: str, target: Path, digest: str, form: Form) -> None:
        try:
            self._fetch(key, target, digest, form)
        except OSError as error:
            if error.errno != errno.ENOSPC or self._room is None or not self._room.empty():
                raise
            self._fetch(key, target, digest, form)
        if self._room is not None:
            self._room.added(target.parent)

    def _fetch(self, key: str, target: Path, digest: str, form: Form) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as temporary:
            got = Path(temporary) / "blob"
            try:
                self.blobs.get_file(key, got)
            except KeyError as error:
                gone = f"{target.name}, which the attempt needs, is gone from the store ({key})"
                raise ValueError(f"{gone}; run again what made it") from error
            if digest and sha256(got) != digest:
                raise ValueError(f"the blob {key} is damaged: its content has another hash")
            if form == "tree":
                tree = Path(temporary) / "tree"
                unpack(got, tree)
                got = tree
            else:
                os.utime(got, (UNPACKED_S, UNPACKED_S))
                got.chmod(0o755 if form == "program" else 0o644)
            os.rename(got, target)
        if digest:
            protect(target)


def _stamp_file(target: Path) -> Path:
    """Not in its entry, where it could have a file's name; files of one content have several names there."""
    return stamps_of(target.parent) / target.name


def _is_whole(target: Path, *, checked: bool) -> bool:
    """Whether it is there, all of it, and, if that is `checked`, as it was fetched. It comes whole or not at all."""
    if not checked:
        return target.exists()
    try:
        return json.loads(_stamp_file(target).read_text()) == list(stamp(target))
    except (OSError, ValueError):
        return False
