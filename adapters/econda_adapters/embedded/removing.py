"""Removing runs of this machine, and what no run needs any more.

Nothing is removed while a process carries any run on: it may be about to refer to a file that no log names yet.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from econda_adapters.embedded.holding import RunBusy, is_held, sweeping
from econda_adapters.embedded.home import NAMESPACE, Home
from econda_adapters.embedded.live import live_folder
from econda_cloud.ports.run_index import IndexedRun, newest_first
from econda_cloud.wire.keys import checkpoints_prefix, environments_prefix, run_prefix
from econda_cloud.wire.names import file_name

_KEYS = re.compile(rb"(?:artifacts|runs)/[\w.-]+/[^\"\\#\s]+")
"""Blobs as the records of a log name them."""


@dataclass(frozen=True)
class Removed:
    """`runs` by name; how many `files` and `bytes` went, or would."""

    runs: tuple[str, ...]
    files: int
    bytes: int


def remove_runs(home: Home, runs: Iterable[str], *, really: bool = True) -> Removed:
    """Remove runs with their logs and outputs, and the files that only they needed. `really`: else it is only counted.

    Raises `RunBusy` for one that a process carries on; then none is removed.
    """
    names = tuple(dict.fromkeys(runs))
    for run in names:
        if is_held(home.root, run):
            raise RunBusy(f"{run} goes on; `econda cancel {run}` ends it")
    with sweeping(home.root):
        return _swept(home, names, None, really=really)


def remove_older(home: Home, before_ms: int, *, really: bool = True) -> Removed:
    """Remove runs that began before this time, and all else that was not used since. Raises `RunBusy` while any run goes on."""
    with sweeping(home.root):
        names = tuple(run.run for run in newest_first(home.runs) if run.started_ms < before_ms)
        return _swept(home, names, before_ms, really=really)


def _swept(home: Home, names: tuple[str, ...], before_ms: int | None, *, really: bool) -> Removed:
    gone, rest = frozenset(names), list(newest_first(home.runs))
    unused = frozenset(_unused(home, before_ms)) if before_ms is not None else frozenset[Path]()
    needed = _needed(home, [run for run in rest if run.run not in gone], unused)
    files = {path: None for run in names for path in _files_of(home, run, needed)}
    files |= dict.fromkeys(_unneeded_artifacts(home, needed))
    files |= dict.fromkeys(unused)
    size = 0
    for path in files:
        with contextlib.suppress(OSError):
            size += path.lstat().st_size
            if really:
                path.unlink()
    if really:
        for run in rest:
            if run.run in gone:
                _forget(home, run)
        home.log.compact()
    return Removed(names, len(files), size)


def _needed(home: Home, runs: Iterable[IndexedRun], unused: frozenset[Path]) -> set[str]:
    """Keys that the logs of these runs name, and results that stay kept, and the state of operators."""
    found: set[bytes] = set()
    for run in runs:
        for record in home.log.read(f"run/{run.run}"):
            found.update(_KEYS.findall(record))
    for folder in ("cache", "state"):
        for path in set(_below(home.root / "blobs" / folder)) - unused:
            with contextlib.suppress(OSError):
                found.update(_KEYS.findall(path.read_bytes()))
    return {key.decode("utf-8", "replace") for key in found}


def _folders(home: Home, run: str) -> list[Path]:
    blobs, scratch = home.root / "blobs", home.scratch
    return [
        blobs / run_prefix(NAMESPACE, run),
        blobs / checkpoints_prefix(NAMESPACE, run).rstrip("/"),
        scratch / "logs" / file_name(run),
        live_folder(scratch, run),
        home.root / "runs" / run,
    ]


def _files_of(home: Home, run: str, needed: set[str]) -> Iterator[Path]:
    """All but what a later run uses still, as the code files of one that it follows."""
    blobs = home.root / "blobs"
    for folder in _folders(home, run):
        for path in _below(folder):
            if not (path.is_relative_to(blobs) and path.relative_to(blobs).as_posix() in needed):
                yield path


def _unneeded_artifacts(home: Home, needed: set[str]) -> Iterator[Path]:
    blobs = home.root / "blobs"
    return (path for path in _below(blobs / "artifacts") if path.relative_to(blobs).as_posix() not in needed)


def _unused(home: Home, before_ms: int) -> Iterator[Path]:
    """Archives of packages, which whoever uses one renews, and results that are kept for later runs."""
    blobs = home.root / "blobs"
    for folder in (blobs / environments_prefix(NAMESPACE), blobs / "cache" / NAMESPACE):
        for path in _below(folder):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime * 1000 < before_ms:
                    yield path


def _forget(home: Home, run: IndexedRun) -> None:
    """Its folders, as far as they are empty now or its own, its logs and its place in the index, the last first."""
    home.runs.remove(run)
    home.log.remove(f"run/{run.run}")
    home.log.remove(f"ledger/local-{run.run}")
    for folder in _folders(home, run.run)[1:]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (_folders(home, run.run)[0], *_folders(home, run.run)[0].glob("**/")):
        with contextlib.suppress(OSError):
            folder.rmdir()
    with contextlib.suppress(OSError):
        (home.root / "holders" / run.run).unlink()


def _below(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        for name in names:
            yield Path(where) / name
