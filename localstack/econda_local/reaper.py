"""Ends what a process had started that was killed: a process of its own that outlives that one by a moment.

It reads lines from standard input, `+LEADER` and `-LEADER`, and when the input closes because whoever has its other end
is gone, however that came about, it kills every session still on its list.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys

from econda_local import session

COMMAND = (sys.executable, "-m", "econda_local.reaper")


class Reaper:
    """The other end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, start_new_session=True)

    def watch(self, leader: int) -> None:
        self._write(f"+{leader}\n")

    def forget(self, leader: int) -> None:
        self._write(f"-{leader}\n")

    async def close(self) -> None:
        """Let go; what is still watched is killed now."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        await asyncio.to_thread(self._process.wait)

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: set[int] = set()
    for line in sys.stdin:
        leader = int(line[1:])
        watched.add(leader) if line[0] == "+" else watched.discard(leader)
    for leader in watched:
        session.kill(leader)


if __name__ == "__main__":
    main()
