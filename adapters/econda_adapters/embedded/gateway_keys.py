"""The keys of an embedded gateway: a file that only its owner can read."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import msgspec

from econda_cloud.gateway.tokens import BadKeys, KeyRing, new_key, rotated


class KeyFile:
    """A ring of keys at `path`, made with one key if it is not there. Raises `BadKeys` for a file that others can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, KeyRing] | None = None

    def __call__(self) -> KeyRing:
        """The ring as it is now; the file is read again only when it was changed."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            self._write(KeyRing((new_key(0),)), first=True)
            about = self._path.stat()
        if stat.S_IMODE(about.st_mode) & 0o077 or about.st_uid != os.getuid():
            raise BadKeys(f"{self._path} signs tokens and can be read by others: chmod 600 {self._path}")
        if self._read is None or self._read[0] != about.st_mtime_ns:
            self._read = about.st_mtime_ns, self._decoded()
        return self._read[1]

    def rotate(self, now: int, *, lasts_ms: int) -> None:
        """Sign with a new key from now on (ms since the epoch); older ones are believed for `lasts_ms` more."""
        self._write(rotated(self(), new_key(now), retires_ms=now + lasts_ms), first=False)

    def _decoded(self) -> KeyRing:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=KeyRing)
        except msgspec.DecodeError:
            raise BadKeys(f"{self._path} holds no keys; remove it, and new ones are made") from None

    def _write(self, ring: KeyRing, *, first: bool) -> None:
        """Whole or not at all; of two that make the first ring at once, one is heeded."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".keys-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(ring))
        try:
            if first:
                os.link(name, self._path)
            else:
                os.replace(name, self._path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)
