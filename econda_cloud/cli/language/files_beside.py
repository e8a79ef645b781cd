"""The bundle of a pipeline file that is not packed: the files beside it that it may use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from econda_edsl.compiler.check.bundled_files import matching
from econda_edsl.compiler.modules.bundle import BYTES_MOST, FILES_MOST, BundleError

from econda_cloud.environments.pins import LOCK_NAME

SUFFIXES = (".py", ".sh", ".edsl", ".r", ".R", ".jl")
LOCKS = (LOCK_NAME, "edsl.lock")
_QUOTED = re.compile(rb'"((?:\./)?[A-Za-z0-9_][\w./ -]{0,300}\.(?:py|sh|edsl|r|R|jl))[":]')
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_DATA = re.compile(rb'\b(file|files|dir)\s*\(\s*"([^"\\\n]{1,400})"')


def files_beside(path: Path, source: bytes) -> dict[str, bytes]:
    """Code and .edsl files in the folder of a pipeline, and in the folders below it that a quoted path leads into or whose
    modules are imported.

    Other folders are not looked at: a pipeline may lie in a home directory. Links are left out, so that nothing from
    outside the folder gets into a bundle. Raises `BundleError` for more than a bundle may hold.
    """
    found: dict[str, bytes] = {}
    for file in _files(path.parent, recursive=False):
        _take(found, path.parent, file)
    taken: set[str] = set()
    while new := (_named(source, found) | _imported(path.parent, source, found)) - taken:
        for folder in sorted(new):
            for file in _files(path.parent / folder, recursive=True):
                _take(found, path.parent, file)
        taken |= new
    for name, target in {pair for text in _texts(source, found) for pair in _DATA.findall(text)}:
        for file in _data(path.parent, name.decode(), target.decode("utf-8", "replace")):
            _take(found, path.parent, file)
    found.pop(path.name, None)
    return found


def _data(folder: Path, name: str, target: str) -> Iterator[Path]:
    """The files that `file(…)`, `files(…)` or `dir(…)` names."""
    if target.startswith("/") or ".." in target.split("/"):
        return
    root = folder / target
    if name == "files":
        fixed = target.split("*")[0].split("?")[0].rpartition("/")[0]
        names = {
            p.relative_to(folder).as_posix(): p for p in _below(folder / fixed, deep="/" in target[len(fixed) + 1 :])
        }
        yield from (names[each] for each in matching(target, names))
    elif name == "dir":
        yield from _below(root, deep=True)
    elif root.is_file() and not root.is_symlink():
        yield root


def _below(folder: Path, *, deep: bool) -> Iterator[Path]:
    """All files of a folder that are no links, hidden ones left out; `deep`, of the folders below it too."""
    if folder.is_symlink():
        return
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if deep else []
        yield from (
            file
            for each in sorted(names)
            if not each.startswith(".") and (file := Path(where) / each).is_file() and not file.is_symlink()
        )


def _named(source: bytes, found: Mapping[str, bytes]) -> set[str]:
    """The folders that the pipeline and the .edsl files beside it speak of."""
    return {folder for text in _texts(source, found) for folder in _named_folders(text)}


def _imported(folder: Path, source: bytes, found: Mapping[str, bytes]) -> set[str]:
    """The folders beside the pipeline that are packages which its code imports."""
    texts = [source, *(data for name, data in found.items() if name.endswith(".py"))]
    names = {name.decode() for text in texts for name in _IMPORT.findall(text)}
    return {name for name in names if (folder / name).is_dir() and not (folder / name / "pyvenv.cfg").exists()}


def _texts(source: bytes, found: Mapping[str, bytes]) -> list[bytes]:
    return [source, *(data for name, data in found.items() if name.endswith(".edsl"))]


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
    name = file.relative_to(root).as_posix()
    if name in found:
        return
    if len(found) >= FILES_MOST:
        raise BundleError(f"more than {FILES_MOST:,} code files lie beside it; move it to a folder of its own")
    if file.stat().st_size + sum(map(len, found.values())) > BYTES_MOST:
        limit = BYTES_MOST // 2**20
        raise BundleError(f"the files beside it are more than {limit} MiB; give data as parameters: -p data=PATH")
    found[name] = file.read_bytes()
