"""Values as text, by type: what `"{x}"` writes."""

from __future__ import annotations

from typing import Any

_SIZES = (("PiB", 2**50), ("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_SIZES_10 = (("PB", 10**15), ("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
_TIMES = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_BANDWIDTHS = (("Gbps", 10**9), ("Mbps", 10**6), ("kbps", 10**3))


def show(value: Any, type_name: str) -> str:
    """Text of a value of a type (`Size`, `Money`, …; any other name shows plainly)."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    match type_name:
        case "Money":
            return _money(value)
        case "Rate":
            return f"{_money(value)}/h"
        case "Percent":
            return f"{_number(value * 100)}%"
        case "Size":
            whole = [f"{value // n}{u}" for u, n in (*_SIZES, *_SIZES_10) if value and value % n == 0]
            return min(whole, key=_digits) if whole else _scaled(value, _SIZES, "B")
        case "Duration":
            return _duration(value)
        case "Bandwidth":
            return _scaled(value, _BANDWIDTHS, "bps")
        case _:
            return value if isinstance(value, str) else _number(value)


def _digits(shown: str) -> int:
    return sum(c.isdigit() for c in shown)


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.12g}"


def _money(micros: int) -> str:
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    dollars, rest = divmod(micros, 1_000_000)
    fraction = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}${dollars}.{fraction}"


def _scaled(value: int, units: tuple[tuple[str, int], ...], smallest: str) -> str:
    for unit, size in units:
        if abs(value) >= size:
            return f"{value / size:.2f}".rstrip("0").rstrip(".") + unit
    return f"{value}{smallest}"


def _duration(ms: int) -> str:
    if ms == 0:
        return "0s"
    out, rest = "-" if ms < 0 else "", abs(ms)
    for unit, size in _TIMES:
        count, rest = divmod(rest, size)
        out += f"{count}{unit}" if count else ""
    return out + (f"{rest}ms" if rest else "")
