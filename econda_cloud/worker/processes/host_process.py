"""One process that runs attempts of one task of one run, one after another: a host, as the worker sees it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econda_cloud.worker.processes.fork_server import ForkServer, ForkServerGone
from econda_cloud.worker.processes.lifeline import Lifeline
from econda_cloud.worker.processes.limits import TICK_MS, Limits
from econda_cloud.worker.reports.logs import CappedLog

_TRIES = 3
_READY, _READY_MS = b"ready\n", 5_000
"""What a host says, besides its answers, when it can take another request; and how long is waited for that."""


def exit_message(code: int) -> str:
    """How a process ended, from its return code (negative: the signal)."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"killed by signal {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class Host:
    """A process of a fork server, which is forked when it is first needed and again after it has ended."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self.pid = 0
        """0 while it is not up."""
        self._requests = self._replies = -1
        self._lifeline: Lifeline | None = None
        self._poll = select.poll()
        self._unready = False

    @property
    def up(self) -> bool:
        return self.pid > 0

    def start(self) -> None:
        """Fork the process unless it is up. Raises `OSError`."""
        if self.up:
            return
        for again in reversed(range(_TRIES)):
            try:
                self._fork()
                return
            except ForkServerGone:
                # An attempt has killed the parent of its process; a new one is started.
                if not again:
                    raise OSError("the parent of attempts' processes ends again and again") from None

    def _fork(self) -> None:
        theirs, self._requests = os.pipe()
        self._replies, back = os.pipe()
        self._lifeline = Lifeline()
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)
        try:
            self.pid = self._server.fork(theirs, back, self._lifeline)
        except BaseException:
            self._drop()
            raise
        finally:
            os.close(theirs)
            os.close(back)

    def run(self, request: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        """One attempt of Python: `{"ok": …}` or `{"failure", "message"}`. Never raises for what the attempt does."""
        return self._logged({**request, "command": []}, limits)

    def run_command(
        self, command: list[str], env: Mapping[str, str], cwd: Path, log: Path, limits: Limits, memory: int = 0
    ) -> dict[str, Any]:
        """A command to its end: `{"code": …}`, negative for a signal, or `{"failure", "message"}`.

        `command` begins with the path of a program. Each of its processes may have `memory` bytes, if not 0.
        """
        request = {"command": command, "env": dict(env), "cwd": str(cwd), "log": str(log), "memory": memory}
        return self._logged(request, limits)

    def _logged(self, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
        try:
            if self.up and not self._ready():
                self.close()
            self.start()
        except OSError as error:
            return {"failure": "failed", "message": f"could not start: {error}"}
        log = CappedLog(Path(request["log"]))
        try:
            return self._exchange(request, log, limits)
        finally:
            log.finish()

    def _exchange(self, request: dict[str, Any], log: CappedLog, limits: Limits) -> dict[str, Any]:
        data = json.dumps(request).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except BrokenPipeError:
            return self._died()
        line = b""
        while True:
            over, part = self._read(limits.tick())
            line += part
            if (end := line.find(b"\n")) >= 0:
                self._unready = not line[end + 1 :].endswith(_READY)
                return self._answer(line[:end])
            if over:
                return self._died()
            log.trim()
            if (failure := limits.over()) is not None:
                return self._stop(failure, limits.grace_ms, log)

    def _ready(self) -> bool:
        """Wait until it is as it was before its last attempt; False if that cannot be."""
        while self._unready:
            over, part = self._read(_READY_MS)
            if over or not part:
                return False
            self._unready = not part.endswith(_READY)
        return True

    def _read(self, ms: int) -> tuple[bool, bytes]:
        """What it has answered within so many milliseconds, and whether nothing more will come."""
        if self._poll.poll(ms):
            part = os.read(self._replies, 1 << 20)
            return not part, part
        # A process of the user's may hold the pipe open after the host is gone, so its end is looked for too.
        return not _lives(self.pid), b""

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
            stale = answer.pop("stale")
        except (ValueError, KeyError, AttributeError, TypeError):
            self.close()
            return {"failure": "failed", "message": "the attempt wrote on the worker's own pipe"}
        if stale:
            self.close()
        return answer

    def _stop(self, failure: dict[str, Any], grace_ms: int, log: CappedLog) -> dict[str, Any]:
        """Ask it to end, wait a little, and make it."""
        self._server.terminate(self.pid)
        end = time.monotonic() + grace_ms / 1000
        while (left := end - time.monotonic()) > 0:
            over, part = self._read(min(TICK_MS, int(left * 1000) + 1))
            log.trim()
            if over or part:
                break
        self.close()
        return failure

    def _died(self) -> dict[str, Any]:
        return {"failure": "failed", "message": exit_message(self.close())}

    def close(self) -> int:
        """End the process and all it started; its return code."""
        code = self._server.end(self.pid) if self.up else 0
        self._drop()
        return code

    def _drop(self) -> None:
        self.pid, self._unready = 0, False
        for fd in (self._requests, self._replies):
            if fd >= 0:
                os.close(fd)
        self._requests = self._replies = -1
        if self._lifeline is not None:
            self._lifeline.cut()
            self._lifeline = None


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not reaped does not."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
