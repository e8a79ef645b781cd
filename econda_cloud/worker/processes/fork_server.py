"""The clean parent of attempts' processes, as the worker sees it: `host_server.py` is its other side."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from econda_cloud.worker.processes.lifeline import Lifeline
from econda_cloud.worker.processes.variables import with_packages

_PROGRAM = Path(__file__).with_name("host.py")
_CLOSING_S = 10.0


class ForkServerGone(Exception):
    """The server has ended: somebody has killed it."""


class ForkServer:
    """Forks processes with this environment, interpreter and directory of packages. Safe to share between threads."""

    def __init__(self, environment: Mapping[str, str], python: str, site: str) -> None:
        self._environment, self._python, self._site = environment, python, site
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start it unless it is up, to be all ready when it is first asked for something. Raises `OSError`."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._started().sendall(b"p" + bytes(8))

    def fork(self, requests: int, replies: int, lifeline: Lifeline) -> int:
        """A process that reads requests from one descriptor and writes replies to the other; its id.

        Raises `ForkServerGone`, `OSError`.
        """
        with self._lock:
            ends = array.array("i", [requests, replies, lifeline.end])
            pid = self._ask(self._started(), b"f", 0, ends)
        if pid < 0:
            raise OSError("this machine has no room for another process")
        lifeline.tie(pid)
        return pid

    def terminate(self, pid: int) -> None:
        """Send SIGTERM to a process and all that it has started; if the server is gone, to its group."""
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(ForkServerGone):
                    self._ask(self._socket, b"t", pid)
                    return
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGTERM)

    def end(self, pid: int) -> int:
        """End a process and all that it has started; its return code, negative for a signal."""
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(ForkServerGone):
                    return self._ask(self._socket, b"e", pid)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        return -signal.SIGKILL

    def close(self) -> None:
        """End it, and all that is left of what it has forked."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            if self._process is not None:
                try:
                    self._process.wait(_CLOSING_S)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._process = None

    def _started(self) -> socket.socket:
        if self._socket is not None:
            return self._socket
        ours, theirs = socket.socketpair()
        environment = {**self._environment, "PYTHONUNBUFFERED": ""}
        if self._site:
            # Bytecode is written beside the packages by the first one and read by all later ones.
            environment = with_packages(environment, Path(self._site))
        else:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        with theirs:
            self._process = subprocess.Popen(
                [self._python, str(_PROGRAM), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
        self._socket = ours
        return ours

    def _ask(self, to: socket.socket, what: bytes, pid: int, descriptors: array.array[int] | None = None) -> int:
        request = what + pid.to_bytes(8, "big", signed=True)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if descriptors else []
        try:
            to.sendmsg([request], rights)
            answer = b""
            while len(answer) < 8:
                part = to.recv(8 - len(answer))
                if not part:
                    raise ForkServerGone
                answer += part
        except (OSError, ForkServerGone):
            to.close()
            self._socket = None
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None
            raise ForkServerGone from None
        return int.from_bytes(answer, "big", signed=True)
