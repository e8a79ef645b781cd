"""The bundle of a pipeline file that is not packed: the files beside it that it may use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from econda_edsl.bundle import BYTES_MOST, FILES_MOST, BundleError

from econda_cloud.environments.pins import LOCK_NAME

SUFFIXES = (".py", ".sh", ".edsl", ".r", ".R", ".jl")
LOCKS = (LOCK_NAME, "edsl.lock")
_QUOTED = re.compile(rb'"((?:\./)?[A-Za-z0-9_][\w./ -]{0,300}\.(?:py|sh|edsl|r|R|jl))[":]')


def files_beside(path: Path, source: bytes) -> dict[str, bytes]:
    """Code and .edsl files in the folder of a pipeline, and in the folders below it that a quoted path leads into.

    Other folders are not looked at: a pipeline may lie in a home directory. Links are left out, so that nothing from
    outside the folder gets into a bundle. Raises `BundleError` for more than a bundle may hold.
    """
    found: dict[str, bytes] = {}
    for file in _files(path.parent, recursive=False):
        _take(found, path.parent, file)
    taken: set[str] = set()
    while new := _named(source, found) - taken:
        for folder in sorted(new):
            for file in _files(path.parent / folder, recursive=True):
                _take(found, path.parent, file)
        taken |= new
    found.pop(path.name, None)
    return found


def _named(source: bytes, found: Mapping[str, bytes]) -> set[str]:
    """The folders that the pipeline and the .edsl files beside it speak of."""
    texts = [source, *(data for name, data in found.items() if name.endswith(".edsl"))]
    return {folder for text in texts for folder in _named_folders(text)}


def _named_folders(source: bytes) -> set[str]:
    """First parts of the quoted paths that lead into a folder."""
    paths = (match.decode("utf-8", "replace").removeprefix("./") for match in _QUOTED.findall(source))
    return {path.split("/")[0] for path in paths if "/" in path and not path.startswith(("../", "/"))}


def _files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    if folder.is_symlink():
        return
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__") if recursive else []
        for name in sorted(names):
            file = Path(where) / name
            if (file.suffix in SUFFIXES or name in LOCKS) and file.is_file() and not file.is_symlink():
                yield file


def _take(found: dict[str, bytes], root: Path, file: Path) -> None:
    if len(found) >= FILES_MOST:
        raise BundleError(f"more than {FILES_MOST:,} code files lie beside it; move it to a folder of its own")
    if file.stat().st_size + sum(map(len, found.values())) > BYTES_MOST:
        raise BundleError(f"the code files beside it are more than {BYTES_MOST // 2**20} MiB; move data elsewhere")
    found[file.relative_to(root).as_posix()] = file.read_bytes()
