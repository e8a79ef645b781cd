"""Files between attempts: kept under the hash of their content, handed over as paths."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.wire.keys import artifact_key
from econda_cloud.worker.data.packing import keepable, pack, sha256

Keep = Callable[[Path, str], str]
"""Puts a file of this SHA-256 into its namespace's store, if it is not there yet; its key."""

TYPES = frozenset({"File", "Dir", "Model", "Metrics", "Table"})


def store(keep: Keep, path: Path, kind: str, scratch: Path) -> dict[str, Any]:
    """Put a file or directory away; the value that stands for it. `size` in bytes, of what is stored.

    Raises `CannotKeep`.
    """
    if not path.is_dir():
        program = {"executable": True} if path.stat().st_mode & 0o100 else {}
        return _stored(keep, path, {"kind": kind, "name": path.name, **program})
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".tar") as packed:
        pack(path, Path(packed.name), keepable(path))
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
