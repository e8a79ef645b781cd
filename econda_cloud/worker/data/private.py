"""Private copies of what attempts are given: cheap where the file system shares blocks, and small ones everywhere."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from pathlib import Path

COPY_MOST = 64 * 1024 * 1024
"""Bytes that are copied where blocks cannot be shared: about 50 ms. Larger inputs stay where they are, and are watched."""

FILES_MOST = 1_000
"""Files of a folder that is copied, or about 50 ms."""

_FICLONE = 0x40049409
"""ioctl_ficlone(2) of Linux: Btrfs, XFS and bcachefs have it."""

READ_ONLY_FILE, READ_ONLY_FOLDER = 0o444, 0o555


class TooMuch(Exception):
    """More than is copied."""


def copy_private(source: Path, target: Path, size: int) -> None:
    """A copy that nobody else has, with the times of its source. `size` in bytes. Raises `TooMuch`, `OSError`.

    A file is read-only. What is in a folder may be written to: who copies it further wants to work on the copy.
    """
    try:
        _Copying(size).copy(source, target)
        if target.is_file():
            target.chmod(read_only(target.stat().st_mode))
    except BaseException:
        remove(target)
        raise


class _Copying:
    def __init__(self, size: int) -> None:
        self._small, self._files = size <= COPY_MOST, 0

    def copy(self, source: Path, target: Path) -> None:
        about = os.lstat(source)
        self._files += 1
        if self._files > FILES_MOST:
            raise TooMuch
        if stat.S_ISLNK(about.st_mode):
            target.symlink_to(os.readlink(source))
            os.utime(target, ns=(about.st_mtime_ns, about.st_mtime_ns), follow_symlinks=False)
            return
        if stat.S_ISDIR(about.st_mode):
            target.mkdir()
            for each in os.listdir(source):
                self.copy(source / each, target / each)
        else:
            self._copy_file(source, target)
        os.utime(target, ns=(about.st_mtime_ns, about.st_mtime_ns))
        target.chmod(0o755 if stat.S_ISDIR(about.st_mode) or about.st_mode & 0o100 else 0o644)

    def _copy_file(self, source: Path, target: Path) -> None:
        with source.open("rb") as original, target.open("xb") as copy:
            try:
                fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
            except OSError:
                if not self._small:
                    raise TooMuch from None
                shutil.copyfileobj(original, copy, 1 << 20)


def read_only(mode: int) -> int:
    """The permissions that are left of a file's or folder's."""
    if stat.S_ISDIR(mode):
        return READ_ONLY_FOLDER
    return READ_ONLY_FILE | (mode & 0o111)


def protect(tree: Path) -> None:
    """Take the right to write from all of a file or folder."""
    for root, folders, files in os.walk(tree, topdown=False):
        for name in (*folders, *files):
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(read_only(path.lstat().st_mode))
    tree.chmod(read_only(tree.lstat().st_mode))


def remove(path: Path) -> None:
    """Remove a file or folder, read-only or not, as far as that can be done."""
    if not path.is_dir() or path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
        return
    try:
        path.rmdir()
    except OSError:
        # Of folders only: what lies in one can be removed by who may write to the folder.
        for root, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                Path(root).chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)


Stamp = tuple[int, int, int]
"""How many files and folders, their bytes, and when any of them was last changed, in ns since the epoch."""


def stamp(tree: Path) -> Stamp:
    """What no change of a file or folder leaves as it was: the kernel sets the time of a change, and nobody else can."""
    count, size, changed = 0, 0, 0
    waiting = [os.fspath(tree)]
    while waiting:
        path = waiting.pop()
        about = os.lstat(path)
        count, changed = count + 1, max(changed, about.st_ctime_ns)
        if stat.S_ISDIR(about.st_mode):
            waiting += [entry.path for entry in os.scandir(path)]
        else:
            size += about.st_size
    return count, size, changed
