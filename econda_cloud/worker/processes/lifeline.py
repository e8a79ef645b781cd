"""A process that was started dies with the one that started it, even if that is killed with no time for a last word.

Otherwise an attempt of a worker that is gone would go on beside the next one, and write where that writes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys

_F_SETSIG = 10
"""Which signal tells that a descriptor has news (fcntl(2), Linux); Python has no name for it."""


class Lifeline:
    """A pipe whose writing end only this process holds. When it closes, by whatever end of the process, the kernel
    sends SIGKILL to the whole group of the other one. Elsewhere than on Linux it does nothing.

    Pass `pass_fds` to the process, which must lead a group of its own, then `tie` it; `cut` once the group is gone.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe() if sys.platform == "linux" else (-1, -1)
        self.pass_fds = (self._read,) if self._read >= 0 else ()

    def tie(self, process: subprocess.Popen[bytes]) -> None:
        if self._read < 0:
            return
        # The settings belong to the pipe's end, not to the descriptor: they stay with the process that was given it.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._read, fcntl.F_SETOWN, -process.pid)
            fcntl.fcntl(self._read, _F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(self._read, fcntl.F_SETFL, fcntl.fcntl(self._read, fcntl.F_GETFL) | os.O_ASYNC)
        os.close(self._read)
        self._read = -1

    def cut(self) -> None:
        for descriptor in (self._read, self._write):
            if descriptor >= 0:
                os.close(descriptor)
        self._read = self._write = -1
