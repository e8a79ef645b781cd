"""Python values as EDSL literals: text, numbers, durations and sizes."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (2**10, "KiB"), (10**3, "kB"))  # fmt: skip
_DURATIONS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "{": "{{", "}": "}}"}


class NoLiteral(ValueError):
    """A value that EDSL cannot write down; the message says which and why."""


def text_literal(text: str) -> str:
    """A string constant; braces are doubled, so nothing in it is interpolated."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):X}}}") for c in text) + '"'


def number_literal(value: int | float | Decimal) -> str:
    """An Int or a Float. Raises `NoLiteral` for what is not finite or beyond 64 bits."""
    if isinstance(value, int):
        if not -(2**63) < value < 2**63:
            raise NoLiteral(f"{value} is beyond 64 bits")
        return str(value)
    if not math.isfinite(value):
        raise NoLiteral(f"{value} is not a finite number")
    plain = format(Decimal(repr(float(value))), "f")
    return plain if "." in plain else f"{plain}.0"


def duration_literal(milliseconds: float) -> str:
    """The shortest exact writing of a whole number of milliseconds, such as `90s` or `2h`."""
    whole = round(milliseconds)
    for size, unit in _DURATIONS:
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}ms"


def size_literal(size: float) -> str:
    """The shortest exact writing of a whole number of bytes, such as `16GiB`."""
    whole = round(size)
    candidates = [f"{whole // each}{unit}" for each, unit in _SIZES if whole and whole % each == 0]
    return min(candidates, key=len, default=f"{whole}B")


def value_literal(value: Any) -> str:
    """JSON-like data as an expression; mappings become records or maps. Raises `NoLiteral`."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_literal(value)
        case str():
            return text_literal(value)
        case list() | tuple():
            return f"[{', '.join(map(value_literal, value))}]"
        case dict():
            return "{" + ", ".join(f"{_key(name)}: {value_literal(each)}" for name, each in value.items()) + "}"
        case _:
            raise NoLiteral(f"a {type(value).__name__} is no value of EDSL")


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise NoLiteral(f"the key {name!r} is not text")
    return name if name.isascii() and name.isidentifier() else text_literal(name)
