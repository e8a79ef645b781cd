"""Who carries a run on: one process of this machine at a time, and the lock goes with it, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


class RunBusy(Exception):
    """Another process of this machine carries the run on."""


@contextlib.contextmanager
def holding(root: Path, run: str) -> Iterator[None]:
    """Hold a run while the body runs. Raises `RunBusy`."""
    folder = root / "holders"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / run).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunBusy(f"{run} goes on in another process") from error
        yield


def is_held(root: Path, run: str) -> bool:
    """Whether a process carries the run on now."""
    path = root / "holders" / run
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
