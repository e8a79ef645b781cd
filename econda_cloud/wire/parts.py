"""Keys of parts: many small files lie in one blob, and `KEY#START+LENGTH` (in bytes) names one of them."""

from __future__ import annotations

import re
from typing import NamedTuple

_PART = re.compile(r"(artifacts/[^#]+)#(\d{1,15})\+(\d{1,15})")


class Part(NamedTuple):
    """`length` bytes of the blob `key`, from `start` on."""

    key: str
    start: int
    length: int


def part_of(key: str) -> Part | None:
    """What the key of a part says; None for that of a whole blob."""
    found = _PART.fullmatch(key)
    return Part(found[1], int(found[2]), int(found[3])) if found else None


def part_key(key: str, start: int, length: int) -> str:
    return f"{key}#{start}+{length}"
