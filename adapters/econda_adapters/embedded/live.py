"""What attempts of this machine write, where other processes find it while they run: one file each, gone when they end.

An attempt that is over soon leaves no trace here: nobody could have looked.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
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


class LiveFiles:
    """Follows the logs of the attempts of a process, in a thread of its own, until it is closed."""

    def __init__(self, scratch: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._scratch, self._clock = scratch, clock
        self._shown: dict[Path, Followed] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="econda-live-files", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def of(self, run: str) -> Show:
        """Shows the attempts of a run."""

        def show(item: WorkItem, log: Path, secrets: Sequence[str]) -> contextlib.AbstractContextManager[None]:
            return self._following(live_file(self._scratch, run, item.instance, item.attempt), log, secrets)

        return show

    @contextlib.contextmanager
    def _following(self, target: Path, log: Path, secrets: Sequence[str]) -> Iterator[None]:
        def put(number: int, piece: bytes) -> None:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb" if number == 0 else "ab") as file:
                file.write(piece)

        self._shown[target] = Followed(log, put, secrets, self._clock(), first=FIRST_S, longest=EVERY_S)
        try:
            yield
        finally:
            followed = self._shown.pop(target)
            # Who looks this moment is waited for, so that the file is not made again.
            with self._lock:
                if followed.looked:
                    with contextlib.suppress(OSError):
                        target.unlink(missing_ok=True)

    def _go_on(self) -> None:
        while not self._over.wait(EVERY_S / 2):
            now = self._clock()
            for target, followed in list(self._shown.items()):
                if now >= followed.due:
                    with self._lock:
                        if self._shown.get(target) is followed:
                            self._look(target, followed, now)

    def _look(self, target: Path, followed: Followed, now: float) -> None:
        if not followed.looked:
            # It is there even if nothing was written: that says that it runs.
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch()
        followed.look(now)


def forget_live(scratch: Path, run: str) -> None:
    """Remove what a process that was killed has left of a run."""
    shutil.rmtree(live_folder(scratch, run), ignore_errors=True)
