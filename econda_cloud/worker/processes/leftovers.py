"""What killed workers have left in the folder that workers of one machine share: removed by the next one to begin.

A worker's directories have its mark in their names, and a file of that name is locked as long as it lives; the lock goes
with the process. Marks are made and looked at under one lock, so none is taken for dead before it is locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
from pathlib import Path

from econda_cloud.worker.data.private import remove

MARK_DIGITS = 8
_NAMED = re.compile(r"econda-([0-9a-f]{8})-[0-9a-f]{8}")
"""Directories of versions without marks have no second hyphen; nobody can tell whether their workers live."""


class Presence:
    """That a worker with this mark, so many hexadecimal digits, lives and works in `work`. Raises `OSError`."""

    def __init__(self, work: Path, mark: str) -> None:
        marks = work.with_name("workers")
        for folder in (marks, work):
            folder.mkdir(parents=True, exist_ok=True)
        self._path = marks / mark
        lock = _opened(marks / ".lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._held = _opened(self._path)
            fcntl.flock(self._held, fcntl.LOCK_EX)
            left = _left_behind(work, marks)
        finally:
            os.close(lock)
        if left:
            # There may be much of it, and the attempt that begins need not wait.
            threading.Thread(target=_remove, args=(left,), name="econda-leftovers", daemon=True).start()

    def end(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._held)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _left_behind(work: Path, marks: Path) -> list[Path]:
    """All that is of workers which are gone."""
    known: dict[str, bool] = {}
    found = []
    for path in work.iterdir():
        named = _NAMED.match(path.name)
        if named is None:
            continue
        mark = named[1]
        if mark not in known:
            known[mark] = _lives(marks / mark)
        if not known[mark]:
            found.append(path)
    return found


def _lives(mark: Path) -> bool:
    try:
        held = os.open(mark, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mark.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            remove(path)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
