"""Lines of several instances on one screen: each with its name before it, in a colour of its own on terminals."""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Callable

from econda_cloud.cli.terminal import coloured, paint
from econda_cloud.worker.reports.plain_text import plain, plain_but_coloured

_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


PARTIAL_S = 2.0
"""A line that has not ended for so many seconds, as a progress bar's, is printed as it is by then, and again if it changes."""


class Printer:
    """Prints what instances write, line by line. Without `prefixed`, of one instance only: as it comes.

    Escape codes and lines that write over themselves are kept for terminals, and resolved elsewhere; where each line has
    a name before it, colours only are kept.
    """

    def __init__(self, *, prefixed: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._prefixed, self._clock = prefixed, clock
        self._rest: dict[str, bytes] = {}
        self._since: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._wide = 0

    def write(self, instance: str, data: bytes) -> None:
        """Print what is whole of it; the beginning of a line waits for its end."""
        whole, ended, rest = (self._rest.pop(instance, b"") + data).rpartition(b"\n")
        if rest:
            self._rest[instance] = rest
            self._since.setdefault(instance, self._clock())
        if ended:
            self._lines(instance, whole)
            self._since.pop(instance, None)
        sys.stdout.flush()

    def partial(self) -> None:
        """Print how far lines are that have not ended for long."""
        now = self._clock()
        for instance, rest in self._rest.items():
            if now - self._since.get(instance, now) >= PARTIAL_S:
                self._since[instance] = now
                said = plain(rest.decode("utf-8", "replace"))
                if said.strip() and said != self._said.get(instance):
                    self._prefix(instance, said)
                    self._said[instance] = said
        sys.stdout.flush()

    def end(self, instance: str) -> None:
        """Nothing more comes of it."""
        if rest := self._rest.pop(instance, b""):
            self._lines(instance, rest)
            sys.stdout.flush()

    def _lines(self, instance: str, data: bytes) -> None:
        text, terminal = data.decode("utf-8", "replace"), coloured()
        if not self._prefixed:
            sys.stdout.write((text if terminal else plain(text)) + "\n")
            return
        lines = (plain_but_coloured(text) if terminal else plain(text)).split("\n")
        if self._said.pop(instance, None) == plain(lines[0]):
            del lines[0]
        for line in lines:
            self._prefix(instance, line)

    def _prefix(self, instance: str, line: str) -> None:
        self._wide = max(self._wide, len(instance))
        colour = _COLOURS[zlib.crc32(instance.encode()) % len(_COLOURS)]
        sys.stdout.write(f"{paint(f'{instance.ljust(self._wide)} |', colour)} {line}\n")
