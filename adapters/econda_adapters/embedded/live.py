"""What attempts of this machine write, where other processes find it while they run: one file each, gone when they end.

An attempt that is over soon leaves no trace here: nobody could have looked.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from econda_cloud.wire.chunk import WorkItem
from econda_cloud.wire.names import file_name
from econda_cloud.worker.attempts import Show
from econda_cloud.worker.reports.live import Followed

FIRST_S, EVERY_S = 0.5, 0.5
"""An attempt is shown after so many seconds, and what it has written since so often."""

SUFFIX = ".log"


def live_folder(scratch: Path, run: str) -> Path:
    return scratch / "live" / file_name(run)


def live_file(scratch: Path, run: str, instance: str, attempt: int) -> Path:
    """Where the log of an attempt that runs lies; it is not there before it has run for a moment, nor after its end."""
    return live_folder(scratch, run) / f"{file_name(instance)}.{attempt}{SUFFIX}"


def attempts_at_work(scratch: Path, run: str) -> frozenset[str]:
    """`<file name of the instance>.<attempt>` of all that run; of a run that no process holds they mean nothing."""
    try:
        return frozenset(path.name.removesuffix(SUFFIX) for path in live_folder(scratch, run).iterdir())
    except OSError:
        return frozenset()


class _Attempt:
    """An attempt while it runs. Most are over before anybody looks, so little is done before somebody does."""

    def __init__(self, files: LiveFiles, run: str, item: WorkItem, log: Path, secrets: Sequence[str]) -> None:
        self._files, self._run, self._item, self._log, self._secrets = files, run, item, log, secrets
        self.due = files.clock() + FIRST_S
        self._target: Path | None = None
        self._followed: Followed | None = None

    def __enter__(self) -> None:
        self._files.running[id(self)] = self

    def __exit__(self, *_: object) -> None:
        del self._files.running[id(self)]
        # Who looks this moment is waited for, so that the file is not made again.
        with self._files.lock:
            if self._target is not None:
                with contextlib.suppress(OSError):
                    self._target.unlink(missing_ok=True)

    def look(self, now: float) -> None:
        """Write what is new into the file. Never raises."""
        if self._followed is None:
            self._target = target = live_file(self._files.scratch, self._run, self._item.instance, self._item.attempt)
            # It is there even if nothing was written: that says that it runs.
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(b"")
            self._followed = Followed(self._log, self._put, self._secrets, now, first=FIRST_S, longest=EVERY_S)
        self._followed.look(now)
        self.due = self._followed.due

    def _put(self, number: int, piece: bytes) -> None:
        del number
        assert self._target is not None
        with self._target.open("ab") as file:
            file.write(piece)


class LiveFiles:
    """Follows the logs of the attempts of a process, in a thread of its own, until it is closed."""

    def __init__(self, scratch: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.scratch, self.clock = scratch, clock
        self.running: dict[int, _Attempt] = {}
        self.lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="econda-live-files", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def of(self, run: str) -> Show:
        """Shows the attempts of a run."""
        return partial(_Attempt, self, run)

    def _go_on(self) -> None:
        while not self._over.wait(EVERY_S / 2):
            now = self.clock()
            for key, attempt in list(self.running.items()):
                if now >= attempt.due:
                    with self.lock:
                        if self.running.get(key) is attempt:
                            attempt.look(now)


def forget_live(scratch: Path, run: str) -> None:
    """Remove what a process that was killed has left of a run."""
    shutil.rmtree(live_folder(scratch, run), ignore_errors=True)
