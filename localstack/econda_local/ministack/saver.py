"""When the state of ministack is saved: soon after it changed, and never while nothing does.

The process forks, and its copy, which is one moment of everything, writes that down while this one goes on: what a
save costs those who are served is the fork. It is made by the event loop, between two requests, so none is half done.

Executed inside ministack's environment, beside serve.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager

RESERVED = 10
"""Who has spent a second of a core on a save spends none in so many: at most a tenth of a core is for saving."""

LONGEST = 120.0
"""Seconds after which a copy that has not ended is given up: it may have been made while a lock was held."""

_READS = ("Get", "Describe", "List", "Query", "Scan", "BatchGet", "TransactGet", "Head")


class Saver:
    """Calls `write(moment)` in a copy of the process, at most every `interval` seconds."""

    def __init__(self, write: Callable[[float], None], interval: float, locks: list[AbstractContextManager]) -> None:
        self._write, self._interval, self._locks = write, interval, locks
        self._some = threading.Event()
        self._one = threading.Lock()

    def changed(self) -> None:
        """To be called after a change, by any thread."""
        self._some.set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        threading.Thread(target=self._run, args=(loop,), daemon=True, name="econda-saver").start()

    def last(self) -> None:
        """Save on the loop itself, which is about to end."""
        if self._some.is_set():
            with self._one:
                _spent(self._forked())

    def watching(self, app):
        """The ASGI application; a request that may have changed something counts as a change."""

        async def watched(scope, receive, send):
            try:
                await app(scope, receive, send)
            finally:
                if scope["type"] == "http" and _may_change(scope):
                    self.changed()

        return watched

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._some.wait()
            with self._one:
                spent = _spent(asyncio.run_coroutine_threadsafe(self._fork(), loop).result())
            if spent is None:
                self._some.set()
            time.sleep(max(self._interval, RESERVED * (spent or 0)))

    async def _fork(self) -> int:
        return self._forked()

    def _forked(self) -> int:
        with contextlib.ExitStack() as held:
            for lock in self._locks:
                held.enter_context(lock)
            self._some.clear()
            moment = time.time()
            copy = os.fork()
        if copy == 0:
            self._as_copy(moment)
        return copy

    def _as_copy(self, moment: float) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            # Nobody may wait for a connection, or be refused the port, because of the copy.
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            self._write(moment)
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _spent(copy: int) -> float | None:
    """Wait for the copy; the seconds of a core that it used, None if it did not do its work."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        pid, status, used = os.wait4(copy, os.WNOHANG)
        if pid:
            return used.ru_utime + used.ru_stime if status == 0 else None
        time.sleep(0.005)
    os.kill(copy, signal.SIGKILL)
    os.waitpid(copy, 0)
    return None


def _may_change(scope) -> bool:
    if scope["method"] in ("GET", "HEAD") or scope["path"].startswith(("/_ministack", "/_econda")):
        return False
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode("latin-1")
    return not target.rpartition(".")[2].startswith(_READS)
