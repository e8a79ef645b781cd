"""Moments and durations for people."""

from __future__ import annotations

import re
import time

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def duration(ms: int) -> str:
    """`0.123 s`, `12.4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    seconds = max(0, ms) / 1000
    if seconds < 10:
        return f"{seconds:.3f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {smaller}"
    return f"{whole} s"


def moment(ms: int) -> str:
    """Ms since the epoch as local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ms / 1000))


def ago_ms(text: str) -> int:
    """`30d`, `12h`, `90min`, `45s`, `2w` in ms. Raises `ValueError` for anything else."""
    found = re.fullmatch(r"(\d{1,6})\s*(s|min|m|h|d|w)", text.strip())
    if not found:
        raise ValueError(f"`{text}` is no time span; write one like 30d, 12h or 90min")
    return int(found[1]) * _UNITS[found[2]] * 1000


def since_ms(text: str, now_ms: int) -> int:
    """The moment that `2026-11-28`, `2026-11-28 18:00` (local time) or a time span before now means. Raises `ValueError`."""
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return int(time.mktime(time.strptime(text.strip(), form)) * 1000)
        except (ValueError, OverflowError):
            continue
    try:
        return now_ms - ago_ms(text)
    except ValueError:
        raise ValueError(f"`{text}` is no time; write a day like 2026-11-28, or a time span like 12h or 7d") from None
