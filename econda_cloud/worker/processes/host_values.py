"""Values between a host and its parent, standard library only.

What JSON lacks travels as `{"$duration": ms}`, `{"$date": …}`, `{"$instant": …}`, `{"$path": …}`; what cannot be a value as
`{"$object": what it is}` or `{"$unreadable": why}`.
"""

from __future__ import annotations

import math
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _is_text(value: str) -> bool:
    """Whether it is without lone surrogates, which no reader of JSON takes."""
    return value.isascii() or value.encode("utf-8", "replace").decode() == value


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


class _BadKey(Exception):
    """A map that no JSON object can be; the message says why."""


def _keyed(value: dict[Any, Any]) -> dict[str, Any]:
    """A map for the wire. Keys are text, or numbers, which become theirs. Raises `_BadKey`."""
    found: dict[str, Any] = {}
    for name, each in value.items():
        key = dump(name)
        if isinstance(key, (int, float)) and not isinstance(key, bool):
            key = str(key)
        if not isinstance(key, str):
            raise _BadKey("it has a key that is " + _told(name, key))
        if key in found:
            raise _BadKey(f'it has two keys that are both "{key}"')
        found[key] = dump(each)
    return found


def _told(name: Any, key: Any) -> str:
    if name is None or isinstance(name, bool):
        return str(name)
    return "a Python " + (key["$object"] if isinstance(key, dict) and "$object" in key else type(name).__name__)


def _in_order(values: list[Any]) -> list[Any]:
    """What a set holds, for the wire, in an order that is the same in every process."""
    for kind in (str, (int, float)):
        if all(isinstance(each, kind) for each in values):
            return sorted(values)
    return sorted(values, key=repr)


def dump(value: Any) -> Any:
    """A task's value for the wire; what has no place there becomes `{"$object": what it is}`."""
    if value is None or isinstance(value, bool):
        return value
    # Before what it also is: the text of an enum that is a string says its class.
    if (enum := sys.modules.get("enum")) is not None and isinstance(value, enum.Enum):
        return dump(value.value)
    if isinstance(value, str):
        # The text, the number itself: a class of the user's may show itself as another.
        value = str.__str__(value)
        return value if _is_text(value) else {"$object": "str that is not Unicode text"}
    if isinstance(value, int):
        value = int.__int__(value)
        return value if -(2**63) <= value < 2**63 else {"$object": "int beyond 64 bits"}
    if isinstance(value, float):
        value = float.__float__(value)
        return value if math.isfinite(value) else {"$object": str(value)}
    if (time := _timed(value)) is not None:
        return time
    if isinstance(value, os.PathLike):
        return {"$path": os.path.abspath(os.fsdecode(value))}
    if isinstance(value, dict):
        try:
            inner = _keyed(value)
        except _BadKey as error:
            return {"$unreadable": str(error)}
        return {"$plain": inner} if len(inner) == 1 and next(iter(inner)).startswith("$") else inner
    if isinstance(value, (set, frozenset)):
        return _in_order([dump(each) for each in value])
    if isinstance(value, (list, tuple)):
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
