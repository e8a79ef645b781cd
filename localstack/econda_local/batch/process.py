"""Runs one attempt as an operating-system process in a session of its own, and watches its time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from econda_local import session

TICK = 0.1  # seconds between looks at the clock and at the memory meter


class Cause(Enum):
    """Why an attempt ended."""

    EXITED = auto()
    NEVER_STARTED = auto()
    TIMED_OUT = auto()
    OUT_OF_MEMORY = auto()
    TERMINATED = auto()
    HOST_LOST = auto()


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run. `memory` in bytes (None: not watched here), `timeout` and `grace` (SIGTERM to SIGKILL) in seconds."""

    command: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    log: Path
    memory: int | None
    timeout: float | None
    grace: float
    kill_command: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How it went. `exit_code` is 128 + n for a process that signal n ended; `problem` says why nothing started."""

    cause: Cause
    exit_code: int | None = None
    problem: str | None = None


@dataclass(slots=True)
class Attempt:
    """One running attempt. `usage` returns the bytes that the session of a leader occupies."""

    launch: Launch
    usage: Callable[[int], int]
    process: asyncio.subprocess.Process | None = None
    _cause: Cause = Cause.EXITED
    _kill_at: float | None = None
    _stop_asked: tuple[Cause, float] | None = field(default=None)

    async def start(self) -> str | None:
        """Start the process; return None, or the operating system's reason for not starting it."""
        launch = self.launch
        for folder in (launch.directory, launch.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if not launch.command:
            return "no command specified"
        with launch.log.open("ab") as log:
            try:
                self.process = await asyncio.create_subprocess_exec(
                    *launch.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=launch.directory,
                    env=launch.environment,
                    start_new_session=True,
                )
            except (OSError, ValueError) as problem:
                return str(problem)
        return None

    def stop(self, cause: Cause, grace: float | None = None) -> None:
        """Ask the process to end (SIGTERM), and kill it after `grace` seconds. The first cause given stands."""
        if self._stop_asked is None:
            self._stop_asked = (cause, self.launch.grace if grace is None else grace)

    async def ended(self) -> Ending:
        """Wait for the end, however it comes about; afterwards no process of the session is left."""
        process = self.process
        assert process is not None, "ended() before start()"
        loop = asyncio.get_running_loop()
        born = loop.time()
        waiter = asyncio.create_task(process.wait())
        while not waiter.done():
            await asyncio.wait({waiter}, timeout=TICK)
            if not waiter.done():
                self._look(process, loop.time() - born, loop.time())
        session.kill(process.pid)
        code = waiter.result()
        return Ending(self._cause, code if code >= 0 else 128 - code)

    def _look(self, process: asyncio.subprocess.Process, age: float, now: float) -> None:
        launch = self.launch
        if launch.memory is not None and self._kill_at is None and self.usage(process.pid) > launch.memory:
            self._cause = Cause.OUT_OF_MEMORY
            self._kill(process)
            self._kill_at = now
        if self._kill_at is None and launch.timeout is not None and age > launch.timeout:
            self.stop(Cause.TIMED_OUT)
        if self._kill_at is None and self._stop_asked is not None:
            self._cause, grace = self._stop_asked
            self._kill_at = now + grace
            _send(process, signal.SIGTERM)
        elif self._kill_at is not None and now >= self._kill_at:
            self._kill(process)

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        if self.launch.kill_command is not None:
            subprocess.run(self.launch.kill_command, check=False, capture_output=True)
        session.kill(process.pid)


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Only the first process, as a container runtime does: passing the signal on is the program's own business.
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
