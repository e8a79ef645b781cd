"""A log file that cannot fill the disk: its beginning and its end stay."""

from __future__ import annotations

import os
from pathlib import Path

HEAD = 256 * 1024
TAIL = 64 * 1024
_SLACK = 1024 * 1024


class CappedLog:
    """The log of one attempt, written by others in append mode. Sizes in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail = b""
        self._taken = 0

    def trim(self) -> None:
        """Cut the middle away once the file is well over what is kept; cheap, called often."""
        try:
            if self.path.stat().st_size > HEAD + _SLACK:
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

    def last_line(self) -> str:
        """The last line that says something, at most 500 characters; empty for an empty log."""
        with self.path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:500] for line in reversed(lines) if line.strip()), "")

    def _take(self) -> None:
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
