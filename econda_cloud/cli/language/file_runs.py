"""Which runs began from which file: what `--resume` follows. A file with another place is another pipeline."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

REMEMBERED = 50
"""Runs of one file that are remembered."""


def note_run(folder: Path, file: Path, pipeline: str, run: str) -> None:
    """Remember in `folder` that a run of a pipeline began from a file. A note that cannot be kept is no error."""
    notes = _notes(folder, file, pipeline)
    with contextlib.suppress(OSError):
        notes.parent.mkdir(parents=True, exist_ok=True)
        known = notes.read_text().splitlines() if notes.exists() else []
        if len(known) > 2 * REMEMBERED:
            notes.write_text("".join(f"{each}\n" for each in known[-REMEMBERED:]))
        with notes.open("a") as end:
            end.write(f"{run}\n")


def runs_of(folder: Path, file: Path, pipeline: str) -> Iterator[str]:
    """The runs of a pipeline that began from a file, newest first; perhaps one that never came to its first record."""
    try:
        known = _notes(folder, file, pipeline).read_text().splitlines()
    except OSError:
        return
    yield from (each for each in reversed(known) if each)


def _notes(folder: Path, file: Path, pipeline: str) -> Path:
    name = hashlib.sha256(f"{file.resolve()}\0{pipeline}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder / "runs-of-files" / name
