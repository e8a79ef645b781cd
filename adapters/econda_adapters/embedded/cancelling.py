"""Asking the process that carries a run on to cancel it: a note beside its lock, which it looks for while it waits."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from econda_cloud.wire.events import CancelRequested

LOOK_S = 0.3
"""Seconds between looks for a note."""


def ask_to_cancel(root: Path, run: str, request: CancelRequested) -> None:
    """Leave a note, for a process that holds the run now. Raises `OSError`."""
    path = _note(root, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(msgspec.json.encode(request))
    half.replace(path)


def asked_to_cancel(root: Path, run: str) -> CancelRequested | None:
    """The note, which is taken away."""
    path = _note(root, run)
    try:
        data = path.read_bytes()
        path.unlink()
    except OSError:
        return None
    try:
        return msgspec.json.decode(data, type=CancelRequested)
    except msgspec.DecodeError:
        return CancelRequested()


def _note(root: Path, run: str) -> Path:
    return root / "cancelling" / run
