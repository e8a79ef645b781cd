"""Values between a host and its parent, standard library only.

What JSON lacks travels as `{"$duration": ms}`, `{"$date": …}`, `{"$instant": …}`, `{"$path": …}`.
"""

from __future__ import annotations

import math
import os
import sys

TYPE_CHECKING = False
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _is_text(value: str) -> bool:
    return value.isascii() or _clean(value) == value


def _clean(text: str) -> str:
    """Without lone surrogates, which no reader of JSON takes."""
    return text.encode("utf-8", "replace").decode()


def load(value: Any) -> Any:
    """A wire value as the Python value a task sees."""
    if isinstance(value, list):
        return [load(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, inner)] = value.items()
        match key:
            case "$duration" | "$date" | "$instant":
                return _time(key, inner)
            case "$path":
                from pathlib import Path

                return Path(inner)
            case "$plain":
                return {name: load(each) for name, each in inner.items()}
    return {name: load(each) for name, each in value.items()}


def _time(key: str, value: Any) -> Any:
    import datetime as dt

    if key == "$duration":
        return dt.timedelta(milliseconds=value)
    return dt.date.fromisoformat(value) if key == "$date" else dt.datetime.fromisoformat(value)


def _timed(value: Any) -> Any:
    """The wire value of a time, None for what is none."""
    # Who has made one has loaded this.
    dt = sys.modules.get("datetime")
    if dt is None:
        return None
    if isinstance(value, dt.timedelta):
        return {"$duration": value // dt.timedelta(milliseconds=1)}
    if isinstance(value, dt.datetime):
        return {"$instant": value.isoformat()}
    return {"$date": value.isoformat()} if isinstance(value, dt.date) else None


def _key(name: Any) -> str:
    """A key of a map. Raises nothing: what is no text becomes its text."""
    if type(name) is not str:
        plain = dump(name)
        name = plain if isinstance(plain, str) else str(name)
    return _clean(name)


def dump(value: Any) -> Any:
    """A task's value for the wire; what has no place there becomes `{"$object": what it is}`."""
    if value is None or isinstance(value, bool):
        return value
    # Before what it also is: the text of an enum that is a string says its class.
    if (enum := sys.modules.get("enum")) is not None and isinstance(value, enum.Enum):
        return dump(value.value)
    if isinstance(value, str):
        return str(value) if _is_text(value) else {"$object": "str that is not Unicode text"}
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else {"$object": "int beyond 64 bits"}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$object": str(float(value))}
    if (time := _timed(value)) is not None:
        return time
    if isinstance(value, os.PathLike):
        return {"$path": os.path.abspath(os.fsdecode(value))}
    if isinstance(value, dict):
        inner = {_key(name): dump(each) for name, each in value.items()}
        return {"$plain": inner} if len(inner) == 1 and next(iter(inner)).startswith("$") else inner
    if isinstance(value, (list, tuple, set, frozenset)):
        return [dump(each) for each in value]
    # Numbers of numpy, torch and their like know their plain selves; this process must not import them to ask.
    for plain in ("item", "tolist"):
        try:
            found = getattr(value, plain)()
        except Exception:
            continue
        if isinstance(found, (bool, int, float, str, list)) or _timed(found) is not None:
            return dump(found)
    return {"$object": type(value).__name__}
