"""Quantities as text with one unit: exact, and read back to the very same value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from econda_edsl.evaluate.quantities import BANDWIDTHS, DURATIONS, MICROS, SIZES

BASES = {
    "Money": "micro-dollars", "Rate": "micro-dollars per hour", "Duration": "ms", "Size": "bytes",
    "Bandwidth": "bits per second", "Percent": "fraction",
}  # fmt: skip
"""What the number of a quantity counts, in a run and in JSON."""

_UNITS = {"Duration": DURATIONS, "Size": SIZES, "Bandwidth": BANDWIDTHS}
_DECIMALS = 100
_LEFT_OUT = frozenset({"w"})
"""Units that are read and not written: 14d says more than 2w."""


def amount_text(value: Any, kind: str) -> str:
    """`$5`, `$0.25/h`, `1.5h`, `16GiB`, `20%`. `kind` is one of `BASES`."""
    sign = "-" if value < 0 else ""
    match kind:
        case "Money":
            return f"{sign}${_dollars(abs(value))}"
        case "Rate":
            return f"{sign}${_dollars(abs(value))}/h"
        case "Percent":
            return f"{sign}{_plain(Decimal(repr(abs(float(value)))) * 100)}%"
        case _:
            return sign + _with_unit(abs(value), _UNITS[kind])


def _dollars(micros: int) -> str:
    text = _plain(Decimal(micros) / MICROS)
    # Cents are two digits: $5.50.
    return f"{text}0" if text[-2:-1] == "." else text


def _with_unit(value: int, units: dict[str, int]) -> str:
    """In the greatest unit of which there is at least one and that needs no more than two decimals."""
    smallest = min(units, key=lambda unit: units[unit])
    for unit, size in sorted(units.items(), key=lambda each: -each[1]):
        if unit not in _LEFT_OUT and value >= size and value * _DECIMALS % size == 0:
            return f"{_plain(Decimal(value) / size)}{unit}"
    if value == 0 and "s" in units:
        return "0s"
    return f"{_plain(Decimal(value) / units[smallest])}{smallest}"


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
