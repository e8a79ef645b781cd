"""Room for what workers have fetched: bounded bytes, and what was used least recently goes first.

Workers of one machine share the folder, each process for itself, so all there is to know lies in it. An entry is
`<namespace>/<digest>` or `<namespace>/opened/<digest>`; the time of its folder is when it was last asked for, and beside
it lie its size and its stamps. Whoever uses entries has a file that names them, locked as long as he lives: a kill ends a claim, too.
Claims are made under a shared lock of the whole folder, and entries removed under an exclusive one, so nothing that is
claimed is ever removed, and nothing that is removed is ever claimed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from econda_cloud.worker.data.private import remove

_DIGEST = re.compile(r"[0-9a-zA-Z]{64}\Z")
_CLAIMS, _LOCK, _TRASH = ".claims", ".lock", ".trash"

SHARE = 0.5
"""Of the disk, for what was fetched, unless `ECONDA_CACHE_BYTES` says how much."""

SPARE = 0.1
"""Of the disk, which is left to attempts: with less than that free, entries go even if they take little."""

LOOK_SHARE = 0.05
"""Of the room, which one process fills before it looks how much there is in all."""


@dataclass(frozen=True)
class _Entry:
    path: Path
    used_ns: int
    size: int


class Claims:
    """What one user of the folder must find in it until `close`."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self._lock, self._known = lock, set[Path]()
        self._path = folder / uuid.uuid4().hex
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def add(self, entry: Path) -> None:
        """Keep this entry, which may be there or not yet."""
        if entry in self._known:
            return
        self._known.add(entry)
        with _locked(self._lock, fcntl.LOCK_SH):
            self._file.write(f"{entry}\n")
            self._file.flush()
            with contextlib.suppress(FileNotFoundError):
                os.utime(entry)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


class Room:
    """The room in `folder`, of so many bytes at `most`, by default as the machine has it."""

    def __init__(self, folder: Path, most: int | None = None) -> None:
        self._folder, self._most, self._new = folder, most, 0

    def claims(self) -> Claims:
        """To be closed by who has asked for them."""
        claims = self._folder / _CLAIMS
        claims.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder / _LOCK, fcntl.LOCK_SH):
            return Claims(claims, self._folder / _LOCK)

    def added(self, entry: Path) -> None:
        """An entry has come, or has grown; others may have to go."""
        size = _size_of(entry)
        _size_file(entry).write_text(str(size))
        self._new += size
        if self._new >= LOOK_SHARE * self._limit():
            self._new = 0
            self.keep_to(self._limit())

    def empty(self) -> int:
        """Remove all that nobody uses; how many bytes that were."""
        return self.keep_to(0)

    def keep_to(self, most: int) -> int:
        """Remove what was used least recently until at most so many bytes are left, or all is in use; how many went."""
        with _locked(self._folder / _LOCK, fcntl.LOCK_EX):
            entries = sorted(self._entries(), key=lambda entry: entry.used_ns)
            left, gone = sum(entry.size for entry in entries), 0
            # Whoever else fills the disk makes the room smaller.
            most = min(most, left + self._spare())
            claimed = self._claimed() if left > most else set[str]()
            trash = Path(tempfile.mkdtemp(prefix=_TRASH, dir=self._folder))
            for entry in entries:
                if left - gone <= most:
                    break
                if str(entry.path) not in claimed:
                    _move_away(entry.path, trash)
                    gone += entry.size
        remove(trash)
        return gone

    def _limit(self) -> int:
        given = os.environ.get("ECONDA_CACHE_BYTES", "")
        if self._most is not None or given.isdecimal():
            return int(given) if self._most is None else self._most
        return int(SHARE * shutil.disk_usage(self._folder).total)

    def _spare(self) -> int:
        """Bytes by which the disk has more free than it should, or fewer, if negative."""
        usage = shutil.disk_usage(self._folder)
        return usage.free - int(SPARE * usage.total)

    def _entries(self) -> Iterator[_Entry]:
        for namespace in _folders(self._folder):
            for parent in (namespace, namespace / "opened"):
                for path in _folders(parent):
                    if _DIGEST.match(path.name):
                        with contextlib.suppress(OSError):
                            yield _Entry(path, path.stat().st_mtime_ns, _known_size(path))

    def _claimed(self) -> set[str]:
        """Entries in use; files of users that are gone are removed."""
        found = set[str]()
        for path in (self._folder / _CLAIMS).glob("*"):
            with contextlib.suppress(FileNotFoundError), path.open("r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    found.update(file.read().split("\n"))
                else:
                    path.unlink()
        return found


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield


def _folders(path: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(path) as found:
        return [Path(each.path) for each in found if each.is_dir(follow_symlinks=False) and each.name[0] != "."]
    return []


def stamps_of(entry: Path) -> Path:
    """The folder beside an entry that tells, by name, how what is in it was when it was fetched."""
    return entry.with_suffix(".stamps")


def _size_file(entry: Path) -> Path:
    return entry.with_suffix(".size")


def _known_size(entry: Path) -> int:
    """As it was noted; that of a fetch which was cut off is looked up."""
    try:
        return int(_size_file(entry).read_text())
    except (OSError, ValueError):
        return _size_of(entry)


def _size_of(entry: Path) -> int:
    """Bytes of all files in a folder."""
    size = 0
    for root, _, files in os.walk(entry):
        for name in files:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(root, name)).st_size
    return size


def _move_away(entry: Path, trash: Path) -> None:
    """Out of sight at once: to remove it may take long."""
    _size_file(entry).unlink(missing_ok=True)
    remove(stamps_of(entry))
    with contextlib.suppress(OSError):
        entry.rename(trash / uuid.uuid4().hex)
    entry.with_suffix(".lock").unlink(missing_ok=True)
