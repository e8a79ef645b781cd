"""Lines of several instances on one screen: each with its name before it, in a colour of its own on terminals."""

from __future__ import annotations

import sys
import zlib

from econda_cloud.cli.terminal import coloured, paint
from econda_cloud.worker.reports.plain_text import plain

_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


class Printer:
    """Prints what instances write, line by line. Without `prefixed`, of one instance only: as it comes.

    Escape codes and lines that write over themselves are kept for terminals, and resolved elsewhere.
    """

    def __init__(self, *, prefixed: bool) -> None:
        self._prefixed = prefixed
        self._rest: dict[str, bytes] = {}
        self._wide = 0

    def write(self, instance: str, data: bytes) -> None:
        """Print what is whole of it; the beginning of a line waits for its end."""
        whole, _, rest = (self._rest.pop(instance, b"") + data).rpartition(b"\n")
        if rest:
            self._rest[instance] = rest
        if whole or data[:1] == b"\n":
            self._lines(instance, whole)
        sys.stdout.flush()

    def end(self, instance: str) -> None:
        """Nothing more comes of it."""
        if rest := self._rest.pop(instance, b""):
            self._lines(instance, rest)
            sys.stdout.flush()

    def _lines(self, instance: str, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if not coloured():
            text = plain(text)
        if not self._prefixed:
            sys.stdout.write(text + "\n")
            return
        self._wide = max(self._wide, len(instance))
        colour = _COLOURS[zlib.crc32(instance.encode()) % len(_COLOURS)]
        prefix = paint(f"{instance.ljust(self._wide)} |", colour)
        for line in text.split("\n"):
            sys.stdout.write(f"{prefix} {line.rpartition(chr(13))[2] if chr(13) in line.rstrip() else line}\n")
