"""Blobs as files of a directory; every write is atomic."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from econda_cloud.ports.blobs import content_tag
from econda_cloud.ports.log import Conflict
from econda_cloud.wire.parts import part_of


class DirectoryBlobs:
    """A blob store in `root`. Raises `ValueError` for a key that leaves it, `KeyError` for one that is not there."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._root.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise ValueError(f"blob key `{key}` leaves the store")
        return path

    def put(self, key: str, data: bytes) -> None:
        with self._writing(key) as file:
            file.write(data)

    def put_file(self, key: str, path: Path) -> None:
        with self._writing(key) as file, path.open("rb") as source:
            shutil.copyfileobj(source, file)

    def get(self, key: str) -> bytes:
        part = part_of(key)
        try:
            if part is None:
                return self.path(key).read_bytes()
            with self.path(part.key).open("rb") as file:
                file.seek(part.start)
                return file.read(part.length)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise KeyError(key) from error

    def get_file(self, key: str, path: Path) -> None:
        if not self.exists(key):
            raise KeyError(key)
        if part_of(key) is None:
            shutil.copyfile(self.path(key), path)
        else:
            path.write_bytes(self.get(key))

    def exists(self, key: str) -> bool:
        part = part_of(key)
        return self.path(key if part is None else part.key).is_file()

    def copy(self, source: str, target: str) -> None:
        if not self.exists(source):
            raise KeyError(source)
        if part_of(source) is None:
            self.put_file(target, self.path(source))
        else:
            self.put(target, self.get(source))

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def renew(self, key: str) -> bool:
        try:
            os.utime(self.path(key))
        except FileNotFoundError:
            return False
        return True

    def purge(self, key: str) -> None:
        self.delete(key)

    def purge_under(self, prefix: str) -> None:
        """Remove all blobs of a folder, which need not be there. Raises `ValueError` for one outside the store."""
        shutil.rmtree(self.path(prefix), ignore_errors=True)

    def tagged(self, key: str) -> tuple[bytes, str]:
        data = self.get(key)
        return data, content_tag(data)

    def put_if(self, key: str, data: bytes, tag: str | None) -> str:
        with (self._root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            now = self.tagged(key)[1] if self.exists(key) else None
            if now != tag:
                raise Conflict(f"the blob {key} has changed")
            self.put(key, data)
        return content_tag(data)

    def _writing(self, key: str) -> _Atomic:
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        return _Atomic(target)


class _Atomic:
    """A file that appears under its name only when it was written whole."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self):
        descriptor, self._name = tempfile.mkstemp(dir=self._target.parent, prefix=".writing-")
        self._file = os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()
        if kind is None:
            os.replace(self._name, self._target)
        else:
            os.unlink(self._name)
