"""Who carries a run on: one process of this machine at a time, and the lock goes with it, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

_SWEEPING = "sweeping"


class RunBusy(Exception):
    """Another process of this machine carries the run on."""


@contextlib.contextmanager
def locked(path: Path, busy: Callable[[], None]) -> Iterator[None]:
    """Hold a file while the body runs. If another process holds it, `busy` is called, and then it is waited for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def holding(root: Path, run: str) -> Iterator[None]:
    """Hold a run while the body runs. Raises `RunBusy`."""

    def busy() -> None:
        raise RunBusy(f"{run} goes on in another process; `econda show {run}` tells how far it is")

    with locked(_file(root, run), busy), _unswept(root):
        yield


@contextlib.contextmanager
def sweeping(root: Path) -> Iterator[None]:
    """Keep all runs from being begun or carried on while the body removes files. Raises `RunBusy` while any goes on."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _SWEEPING).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunBusy("a run goes on, whose files cannot be told from those that nobody needs") from None
        yield


@contextlib.contextmanager
def _unswept(root: Path) -> Iterator[None]:
    """Wait for whoever removes files, and keep others from it."""
    with (root / _SWEEPING).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_held(root: Path, run: str) -> bool:
    """Whether a process carries the run on now."""
    path = _file(root, run)
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _file(root: Path, run: str) -> Path:
    return root / "holders" / run
