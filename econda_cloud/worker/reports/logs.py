"""A log file that cannot fill the disk: its beginning and its end stay."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

HEAD = 256 * 1024
TAIL = 64 * 1024
_SLACK = 1024 * 1024
_BLOCK = 64 * 1024
_COLLAPSE_RANGE = 0x08


def _remove_range(fd: int, start: int, length: int) -> bool:
    """Take bytes out of a file; False where the system (Linux) or the file system (ext4, XFS) cannot."""
    try:
        return ctypes.CDLL(None).fallocate(fd, _COLLAPSE_RANGE, ctypes.c_int64(start), ctypes.c_int64(length)) == 0
    except (AttributeError, OSError):
        return False


class CappedLog:
    """The log of one attempt, written by others in append mode. Sizes in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail = b""
        self._taken = 0

    def trim(self) -> None:
        """Cut the middle away once the file is well over what is kept; cheap, called often."""
        try:
            size = self.path.stat().st_size
            if size > HEAD + _SLACK and not self._collapse(size):
                self._take()
        except FileNotFoundError:
            return

    def finish(self) -> None:
        """Leave the first and last bytes, and say between them how much is gone."""
        try:
            if not self._taken and self.path.stat().st_size <= HEAD + TAIL:
                return
            self._take()
        except FileNotFoundError:
            return
        with self.path.open("ab") as file:
            if self._taken > TAIL:
                file.write(b"\n[... %d bytes cut ...]\n" % (self._taken - len(self._tail)))
            file.write(self._tail)

    def _collapse(self, size: int) -> bool:
        """Cut the middle out in one step of the file system, where it can: nothing written meanwhile is lost."""
        length = (size - TAIL - HEAD) // _BLOCK * _BLOCK
        with self.path.open("r+b") as file:
            done = length > 0 and _remove_range(file.fileno(), HEAD, length)
        self._taken += length if done else 0
        return done

    def _take(self) -> None:
        """Cut all but the beginning off and keep the end in memory; what is written between the two steps is lost."""
        with self.path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size <= HEAD:
                return
            start = max(HEAD, size - TAIL)
            file.seek(start)
            self._tail = (self._tail + file.read(size - start))[-TAIL:]
            self._taken += size - HEAD
            # Writers append, so they go on at the new end.
            file.truncate(HEAD)
