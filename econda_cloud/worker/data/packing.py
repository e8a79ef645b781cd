"""Directories as tar files: the same files give the same bytes, and nothing unpacked lands elsewhere.

A tar does not know when its content is damaged or its end is missing; one that is sealed does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

UNPACKED_S = 946_684_800
"""When all that was unpacked was last changed, in s since the epoch: 2000-01-01. The same everywhere, because results
may depend on it, and a time that every format can hold: ZIP begins in 1980."""


class CannotKeep(Exception):
    """Something in a directory that would not be the same elsewhere; the message is for the user."""


class BadSeal(Exception):
    """A sealed file that is not as it was when it was sealed."""


def pack(directory: Path, target: Path, paths: Iterable[Path] | None = None, *, times: bool = False) -> None:
    """Write the tar of a directory, or of `paths` in it: sorted, without owners and, unless wanted, without `times`.

    Not compressed: scikit-learn's 204 MiB take 1.6 s to pack and unpack, with gzip -1 4.5 s for 67 MiB, which pays
    only below about 100 MB/s. Raises `OSError` when a file changes its size or goes away meanwhile.
    """

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime = entry.mtime if times else 0
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(directory.rglob("*") if paths is None else paths):
            tar.add(path, str(path.relative_to(directory)), recursive=False, filter=plain)


def keepable(directory: Path) -> list[Path]:
    """All that is in a directory. Raises `CannotKeep` for links that lead out of it, and for special files."""
    found = sorted(directory.rglob("*"))
    for path in found:
        mode, name = path.lstat().st_mode, path.relative_to(directory)
        if stat.S_ISLNK(mode):
            to = os.readlink(path)
            if os.path.isabs(to) or os.path.normpath(name.parent / to).split(os.sep)[0] == "..":
                link = f"{plain_name(str(name))} is a link to {plain_name(to)}"
                raise CannotKeep(f"{link}, out of the directory: nobody else would find that")
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise CannotKeep(f"{plain_name(str(name))} is {kind_of(mode)}, which cannot be kept")
    return found


def plain_name(name: str) -> str:
    """A file's name as it can be said: in quotes and with escapes, where not all of it can be seen."""
    return name if name.isprintable() else json.dumps(name)


def kind_of(mode: int) -> str:
    """What a file is, from the mode that `stat` tells."""
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
             stat.S_IFDIR: "a directory", stat.S_IFREG: "a file"}  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "no ordinary file")


def unpack(file: Path, directory: Path, *, times: bool = False) -> None:
    """Open a zip or tar; nothing in it may land outside `directory`. All gets one time, unless those `times` are wanted
    that it tells."""
    directory.mkdir(parents=True, exist_ok=True)
    # By its first bytes: `zipfile.is_zipfile` looks at the end, and takes a tar whose last file is a zip (as models
    # of torch and arrays of numpy are) for one.
    with file.open("rb") as start:
        is_zip = start.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    if is_zip:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(directory)
        return

    links: list[str] = []

    def placed(entry: tarfile.TarInfo, to: str) -> tarfile.TarInfo | None:
        if entry.issym():
            links.append(entry.name)
        return tarfile.data_filter(entry if times else entry.replace(mtime=UNPACKED_S, deep=False), to)

    with tarfile.open(file) as tar:
        tar.extractall(directory, filter=placed)
    if not times:
        for link in links:
            with contextlib.suppress(FileNotFoundError):
                os.utime(directory / link, (UNPACKED_S, UNPACKED_S), follow_symlinks=False)
        os.utime(directory, (UNPACKED_S, UNPACKED_S))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(file: Path) -> None:
    """Put the hash of its content, in 64 hex digits, at a file's end; readers of tar do not look there."""
    digest = sha256(file)
    with file.open("ab") as end:
        end.write(digest.encode())


def open_seal(file: Path) -> None:
    """Take the seal off again. Raises `BadSeal`."""
    with file.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END) - 64
        if size < 0:
            raise BadSeal("it has no seal")
        stream.seek(size)
        digest = stream.read()
        stream.truncate(size)
    if sha256(file).encode() != digest:
        raise BadSeal("its content has another hash than when it was saved")
