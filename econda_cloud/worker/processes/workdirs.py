"""Workdirs: an empty directory and an empty log, which attempts use one after another as long as each leaves them so.

Making and removing a directory and a file costs more than a short task itself on many a disk, and most short tasks
write nothing.
"""

from __future__ import annotations

import os
import stat
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from econda_cloud.worker.data.private import remove
from econda_cloud.worker.processes.leftovers import MARK_DIGITS, Presence

_MODE = 0o700


@dataclass(frozen=True)
class Workdir:
    """`directory` is where an attempt works and `log` what it writes to; both are its own while it has them."""

    directory: Path
    log: Path

    def has_log(self) -> bool:
        """Whether anything was written to the log."""
        try:
            return os.stat(self.log).st_size > 0
        except FileNotFoundError:
            return False

    def keep_log(self, target: Path) -> None:
        """Put the log where it is to stay; an empty one lies in its place."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self.log.replace(target)
        _create(self.log)

    def is_clean(self) -> bool:
        """Whether it is as it was given, so that the next attempt cannot tell."""
        try:
            found = os.lstat(self.directory)
            return (
                stat.S_IMODE(found.st_mode) == _MODE and stat.S_ISDIR(found.st_mode) and not os.listdir(self.directory)
            )
        except OSError:
            return False


class Workdirs:
    """The workdirs of one worker; safe to share between threads. Those that killed workers left are removed."""

    def __init__(self) -> None:
        self._free: dict[Path, list[Workdir]] = {}
        self._present: dict[Path, Presence] = {}
        self._mark = uuid.uuid4().hex[:MARK_DIGITS]
        self._lock = threading.Lock()

    def take(self, work: Path) -> Workdir:
        """A clean workdir in the folder `work`. Raises `OSError` if none can be made."""
        with self._lock:
            free = self._free.get(work)
            if free:
                return free.pop()
        directory = self.folder(work)
        workdir = Workdir(directory, directory.with_name(f"{directory.name}.log"))
        _create(workdir.log)
        return workdir

    def folder(self, work: Path) -> Path:
        """A new folder in the folder `work`, to be removed by who asked for it. Raises `OSError` if none can be made."""
        with self._lock:
            if work not in self._present:
                self._present[work] = Presence(work, self._mark)
        # Names of work directories also name containers, so they differ between workers.
        directory = work / f"econda-{self._mark}-{uuid.uuid4().hex[:8]}"
        try:
            directory.mkdir(_MODE)
        except FileNotFoundError:
            work.mkdir(parents=True, exist_ok=True)
            directory.mkdir(_MODE)
        return directory

    def give(self, workdir: Workdir, *, again: bool) -> None:
        """Take a workdir back: for the next attempt if it may be used `again` and is clean, else it is thrown away."""
        if not (again and workdir.is_clean()):
            _throw_away(workdir)
            return
        with self._lock:
            self._free.setdefault(workdir.directory.parent, []).append(workdir)

    def forget(self) -> None:
        """Throw away those that nobody has now: the next attempt gets a new one."""
        with self._lock:
            workdirs = [workdir for free in self._free.values() for workdir in free]
            self._free.clear()
        for workdir in workdirs:
            _throw_away(workdir)

    def close(self) -> None:
        """The worker ends: what is left of it is anybody's to remove."""
        self.forget()
        with self._lock:
            present, self._present = list(self._present.values()), {}
        for each in present:
            each.end()


def _create(log: Path) -> None:
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644))


def _throw_away(workdir: Workdir) -> None:
    remove(workdir.directory)
    workdir.log.unlink(missing_ok=True)
