"""The saved state of ministack: one file, and beside it the large values that it names by their content.

The file is replaced as a whole, so it always is one moment: whoever is killed while writing leaves the one before.
Large values (bodies of objects, archives of functions) hardly ever change: each is written once, before the file that
names it, and removed after the first file that does not.

Imported by ministack's process and by econda alike: it needs nothing but Python.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "snapshot"
VALUES = "values"
LARGE = 16 * 1024  # bytes from which on a value is kept in a file of its own
FORMAT = 1


class Unreadable(RuntimeError):
    """The saved state is not one that this program can read."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of the file. `moment`: what is saved is the state at that time, in seconds since the epoch.

    made_by: what pickled it, for nothing else should unpickle it. digest: of all that follows.
    """

    format: int
    moment: float
    made_by: str
    digest: str


def write(folder: Path, parts: Mapping[str, Any], *, moment: float, made_by: str) -> dict[str, str]:
    """Replace what is saved in `folder`. Returns the parts that could not be pickled, with the reason: those are
    left out. Raises OSError, and what was saved before is still there then."""
    (folder / VALUES).mkdir(parents=True, exist_ok=True)
    values = _Values(folder / VALUES)
    pickled, failed = {}, {}
    for name, part in parts.items():
        try:
            pickled[name] = values.pickled(part)
        except (pickle.PicklingError, TypeError, AttributeError) as problem:
            failed[name] = str(problem)
    body = pickle.dumps(pickled, protocol=pickle.HIGHEST_PROTOCOL)
    header = Header(
        FORMAT, moment, f"{made_by}, Python {sys.version_info.major}.{sys.version_info.minor}", _digest(body)
    )
    _replace(folder / FILE, json.dumps(asdict(header)).encode() + b"\n" + body)
    values.forget_others()
    return failed


def header(folder: Path) -> Header | None:
    """What is saved in `folder`, if anything. Raises Unreadable."""
    try:
        with (folder / FILE).open("rb") as file:
            return _header(file.readline())
    except FileNotFoundError:
        return None


def read(folder: Path, *, made_by: str) -> dict[str, Any] | None:
    """The parts that were saved last, None if nothing ever was. Raises Unreadable."""
    try:
        first, _, body = (folder / FILE).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    found, own = _header(first), f"{made_by}, Python {sys.version_info.major}.{sys.version_info.minor}"
    if (found.format, found.made_by) != (FORMAT, own):
        raise Unreadable(f"it was saved by {found.made_by} in format {found.format}; this is {own}, format {FORMAT}")
    if found.digest != _digest(body):
        raise Unreadable("it is damaged: its digest is another")
    values = _Values(folder / VALUES)
    return {name: values.unpickled(part) for name, part in pickle.loads(body).items()}


class _Values:
    """Large values by digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._named: set[str] = set()
        self._read: dict[str, bytes] = {}

    def pickled(self, part: Any) -> bytes:
        to = io.BytesIO()
        _Pickler(to, self).dump(part)
        return to.getvalue()

    def unpickled(self, part: bytes) -> Any:
        return _Unpickler(io.BytesIO(part), self).load()

    def keep(self, value: bytes) -> str:
        name = _digest(value)
        if name not in self._named:
            path = self._folder / name
            if not path.exists():
                _replace(path, value)
            self._named.add(name)
        return name

    def get(self, name: str) -> bytes:
        if name not in self._read:
            try:
                self._read[name] = (self._folder / name).read_bytes()
            except OSError as problem:
                raise Unreadable(f"it is damaged: {problem}") from None
        return self._read[name]

    def forget_others(self) -> None:
        for entry in os.scandir(self._folder):
            if entry.name not in self._named:
                os.unlink(entry.path)


class _Pickler(pickle.Pickler):
    def __init__(self, to: io.BytesIO, values: _Values) -> None:
        super().__init__(to, protocol=pickle.HIGHEST_PROTOCOL)
        self._values = values

    def persistent_id(self, obj: Any) -> str | None:
        return self._values.keep(obj) if type(obj) is bytes and len(obj) >= LARGE else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, source: io.BytesIO, values: _Values) -> None:
        super().__init__(source)
        self._values = values

    def persistent_load(self, pid: Any) -> bytes:
        return self._values.get(pid)


def _header(line: bytes) -> Header:
    try:
        return Header(**json.loads(line))
    except (ValueError, TypeError) as problem:
        raise Unreadable(f"it is damaged: {problem}") from None


def _digest(value: bytes) -> str:
    return hashlib.blake2b(value, digest_size=20).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """All or nothing, also where the machine itself goes down."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
