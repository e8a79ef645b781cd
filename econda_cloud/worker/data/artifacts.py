"""Files between attempts: kept under the hash of their content, handed over as paths."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.wire.keys import artifact_key
from econda_cloud.worker.data.packing import pack, sha256, unpack

Keep = Callable[[Path, str], str]
"""Puts a file of this SHA-256 into its namespace's store, if it is not there yet; its key."""

TYPES = frozenset({"File", "Dir", "Model", "Metrics", "Table"})


def store(keep: Keep, path: Path, kind: str, scratch: Path) -> dict[str, Any]:
    """Put a file or directory away; the value that stands for it. `size` in bytes, of what is stored."""
    if not path.is_dir():
        return _stored(keep, path, {"kind": kind, "name": path.name})
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".tar") as packed:
        pack(path, Path(packed.name))
        return _stored(keep, Path(packed.name), {"kind": kind, "name": path.name, "packed": "tar"})


def _stored(keep: Keep, file: Path, about: dict[str, Any]) -> dict[str, Any]:
    digest = sha256(file)
    return {"$artifact": {**about, "sha256": digest, "size": file.stat().st_size, "key": keep(file, digest)}}


def keep_in(blobs: WorkerBlobs, namespace: str) -> Keep:
    """Keep files in a store that this process may write to as it likes."""

    def keep(file: Path, digest: str) -> str:
        key = artifact_key(namespace, digest)
        if not blobs.exists(key):
            blobs.put_file(key, file)
        return key

    return keep


class Cache:
    """Fetched blobs by content. Entries appear whole or not at all, so processes may share the directory."""

    def __init__(self, blobs: WorkerBlobs, directory: Path) -> None:
        self.blobs, self.directory = blobs, directory

    def artifact(self, value: dict[str, Any]) -> Path:
        """The local path of an artifact value. Raises `ValueError` when the blob is not what it claims to be."""
        about = value["$artifact"]
        digest = str(about["sha256"])
        if len(digest) != 64 or not digest.isalnum():
            raise ValueError(f"not a hash: {digest:.80}")
        name = Path(str(about.get("name", ""))).name or "artifact"
        packed = about.get("packed") == "tar" or about.get("kind") == "Dir"
        return self._get(str(about["key"]), self.directory / digest / name, digest, packed)

    def opened(self, key: str) -> Path:
        """The directory of an archive blob (zip or tar) of any key."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._get(key, self.directory / "opened" / digest / "tree", "", True)

    def _get(self, key: str, target: Path, digest: str, packed: bool) -> Path:
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        # Hosts that start together want the same archive; without the lock each would fetch and unpack it.
        with target.parent.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                self._fetch(key, target, digest, packed)
        return target

    def _fetch(self, key: str, target: Path, digest: str, packed: bool) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as temporary:
            got = Path(temporary) / "blob"
            try:
                self.blobs.get_file(key, got)
            except KeyError as error:
                gone = f"{target.name}, which the attempt needs, is gone from the store ({key})"
                raise ValueError(f"{gone}; run again what made it") from error
            if digest and sha256(got) != digest:
                raise ValueError(f"the blob {key} is damaged: its content has another hash")
            if packed:
                tree = Path(temporary) / "tree"
                unpack(got, tree)
                got = tree
            else:
                got.chmod(0o444)
            os.rename(got, target)


def discard(path: Path) -> None:
    """Remove a work directory, whatever the attempt left in it."""
    try:
        path.rmdir()
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
