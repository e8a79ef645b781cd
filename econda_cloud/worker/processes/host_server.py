"""The clean parent of the processes that run attempts: it forks them, and ends them with all that they started.

It runs under the task's own interpreter and imports nothing but the standard library. It never runs code of a task, so
what it forks cannot be told from a fresh process; a fork takes a tenth of a start (`bench.isolation`). It adopts whatever an
attempt leaves behind (`PR_SET_CHILD_SUBREAPER`), so nothing gets away by leaving its session or by forking twice.

A request is a letter and a process id; an answer is a number. `p` prepares, with no answer. `f` with three descriptors (requests, replies, lifeline)
forks and answers with the id; `t` sends SIGTERM to a process and all below it; `e` ends them and answers with the
return code, negative for a signal.
"""

from __future__ import annotations

import _socket
import array
import contextlib
import gc
import importlib
import os
import signal
import sys

import host_attempts  # pyright: ignore[reportMissingImports]
from host_descendants import adopt, below, children, send_to_all  # pyright: ignore[reportMissingImports]
from host_patches import COMMON  # pyright: ignore[reportMissingImports]

REQUEST_BYTES = 9
_ROUNDS = 200
"""Of killing what was started meanwhile: whoever starts processes faster than this is beyond help."""


def main() -> None:
    socket = _socket.socket(fileno=int(sys.argv[1]))
    sys.path[:] = [each for each in sys.path if each != os.path.dirname(os.path.abspath(__file__))]
    adopt()
    server = _Server(socket)
    try:
        while server.serve_next():
            pass
    finally:
        if server.is_parent():
            # The worker is gone.
            server.end_all()


def prepare() -> None:
    """What attempts often import is imported once for all. Only for who waits anyway: a cold function would pay for it."""
    for name in COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


class _Server:
    def __init__(self, socket: _socket.socket) -> None:
        self._socket, self._pid = socket, os.getpid()
        self._hosts: set[int] = set()

    def is_parent(self) -> bool:
        return os.getpid() == self._pid

    def serve_next(self) -> bool:
        """Answer one request; False when none will come any more."""
        data, ancillary, _, _ = self._socket.recvmsg(REQUEST_BYTES, _socket.CMSG_SPACE(3 * 4))
        descriptors = array.array("i")
        for _, _, part in ancillary:
            descriptors.frombytes(part)
        while data and len(data) < REQUEST_BYTES:
            more = self._socket.recv(REQUEST_BYTES - len(data))
            data = data + more if more else b""
        if not data:
            return False
        if data[:1] == b"p":
            prepare()
            return True
        number = self._answer(data[:1], int.from_bytes(data[1:], "big", signed=True), list(descriptors))
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(number.to_bytes(8, "big", signed=True))
        return True

    def _answer(self, what: bytes, pid: int, descriptors: list[int]) -> int:
        if what == b"f":
            return self._fork(descriptors)
        if what == b"t":
            send_to_all(pid, signal.SIGTERM)
            return 0
        return self._end(pid)

    def _fork(self, descriptors: list[int]) -> int:
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            self._socket.close()
            os.setsid()
            adopt()
            host_attempts.serve(descriptors[0], descriptors[1])
            os._exit(0)
        for each in descriptors:
            os.close(each)
        if pid > 0:
            self._hosts.add(pid)
        return pid

    def _end(self, pid: int) -> int:
        if pid not in self._hosts:
            return 0
        self._hosts.discard(pid)
        send_to_all(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        # What it had started has come to this process, which is its next of kin.
        for _ in range(_ROUNDS):
            left = [each for each in children(self._pid) if each not in self._hosts]
            for each in left:
                send_to_all(each, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(each, 0)
            if not left:
                break
        return code

    def end_all(self) -> None:
        for pid in list(self._hosts):
            self._end(pid)
        for each in below(self._pid):
            with contextlib.suppress(OSError):
                os.kill(each, signal.SIGKILL)
