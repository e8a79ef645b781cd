"""What an attempt writes, shown while it still runs: new bytes only, in numbered pieces, ever less often.

A preview that costs little: nothing for attempts shorter than `FIRST_S`, and a write for each look that finds something
new. The log itself goes home with the report; what cannot be shown is not tried again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from econda_cloud.worker.reports.masking import longest_part, masked, whole_until

FIRST_S, LONGEST_S = 2.0, 30.0
"""The first look comes so long after the attempt's beginning; the time between looks doubles up to the longest."""

LOOK_S = 0.5
PIECE_MOST = 64 * 1024
"""Bytes of one piece; of more, the end is shown."""

Put = Callable[[int, bytes], None]
"""Stores a piece, which are counted from 0. May raise anything."""


class Followed:
    """A log that grows. `secrets` may grow too: what is shown holds none of those known by then, nor the rest of one."""

    def __init__(
        self,
        log: Path,
        put: Put,
        secrets: Sequence[str],
        now: float,
        *,
        first: float = FIRST_S,
        longest: float = LONGEST_S,
    ) -> None:
        """It is looked at first `first` seconds from now, then ever less often, but every `longest` seconds."""
        self._log, self._put, self._secrets = log, put, secrets
        self._offset, self._number = 0, 0
        self._held, self._torn = b"", False
        self._pause, self._longest = first, longest
        self.due = now + first

    def look(self, now: float) -> None:
        """Show what is new. Never raises."""
        self.due = now + self._pause
        self._pause = min(self._longest, 2 * self._pause)
        with contextlib.suppress(Exception):
            if piece := self._new():
                self._put(self._number, piece)
                self._number += 1

    def _new(self) -> bytes:
        size, said = self._log.stat().st_size, b""
        if size < self._offset:
            # The worker has cut the middle of a log that became too long.
            said, start = b"\n[... cut ...]\n", size
        else:
            start = max(self._offset, size - PIECE_MOST)
            if start > self._offset:
                said = b"\n[... %d bytes not shown ...]\n" % (start - self._offset)
        if said:
            self._held, self._torn = b"", True
        with self._log.open("rb") as file:
            file.seek(start)
            read = file.read(size - start)
        self._offset = size
        # So many bytes at an end may be a part of a secret.
        part = max(0, longest_part(self._secrets) - 1)
        if self._torn and read:
            read, self._torn = read[part:], False
        data = self._held + read
        shown = whole_until(data, max(0, len(data) - part), self._secrets)
        self._held = data[shown:]
        clean = masked(data[:shown], self._secrets)
        return said + clean


class LiveLogs:
    """Follows the logs of a worker's attempts, one at a time, in a thread of its own. Use as a context."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followed: Followed | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="econda-live-logs", daemon=True)

    def __enter__(self) -> LiveLogs:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # It may be waiting for the gateway; what it shows by then harms nobody.
        self._over.set()

    @contextlib.contextmanager
    def following(self, log: Path, put: Put, secrets: Sequence[str]) -> Iterator[None]:
        # Two assignments: most attempts are over before anybody looks.
        self._followed = Followed(log, put, secrets, self._clock())
        try:
            yield
        finally:
            self._followed = None

    def _go_on(self) -> None:
        while not self._over.wait(LOOK_S):
            followed, now = self._followed, self._clock()
            if followed is not None and now >= followed.due:
                followed.look(now)
