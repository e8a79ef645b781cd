"""A process that was started dies with the one that started it, even if that is killed with no time for a last word.

Otherwise an attempt of a worker that is gone would go on beside the next one, and write where that writes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys

_F_SETSIG = 10
"""Which signal tells that a descriptor has news (fcntl(2), Linux); Python has no name for it."""


class Lifeline:
    """A pipe whose writing end only this process holds. When it closes, by whatever end of the process, the kernel
    sends SIGKILL to the whole group of the other one. Elsewhere than on Linux it does nothing.

    Pass `end` to the process, which must lead a group of its own, then `tie` it; `cut` once the group is gone.
    """

    def __init__(self) -> None:
        self.end, self._write = os.pipe()

    def tie(self, pid: int) -> None:
        """Tie the group that this process leads, or will lead."""
        if sys.platform == "linux":
            # The settings belong to the pipe's end, not to the descriptor: they stay with the process that was given it.
            with contextlib.suppress(OSError):
                fcntl.fcntl(self.end, fcntl.F_SETOWN, -pid)
                fcntl.fcntl(self.end, _F_SETSIG, signal.SIGKILL)
                fcntl.fcntl(self.end, fcntl.F_SETFL, fcntl.fcntl(self.end, fcntl.F_GETFL) | os.O_ASYNC)
        os.close(self.end)
        self.end = -1

    def cut(self) -> None:
        for descriptor in (self.end, self._write):
            if descriptor >= 0:
                os.close(descriptor)
        self.end = self._write = -1
