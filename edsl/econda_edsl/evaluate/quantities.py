"""Constants with units as integers: Size bytes, Duration ms, Money micro-dollars, Rate micro-dollars per
hour, Bandwidth bits per second. Used for program text and for parameters that arrive as text.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

LARGEST = 2**63 - 1
MICROS = 1_000_000

SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}
DURATIONS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
BANDWIDTHS = {"kbps": 10**3, "Mbps": 10**6, "Gbps": 10**9}

_NUMBER = r"(\d[\d_]*(?:\.\d+)?)"
_RATE = re.compile(rf"\${_NUMBER}/(s|min|h|d)", re.ASCII)
_MONEY = re.compile(rf"\${_NUMBER}", re.ASCII)
_UNIT = re.compile(rf"{_NUMBER}([A-Za-z]+)", re.ASCII)
_PERCENT = re.compile(rf"{_NUMBER}%", re.ASCII)


def read_size(text: str) -> int:
    """`16GiB` → bytes. Raises `ValueError`, like all readers here."""
    return _with_unit(text, SIZES)


def read_duration(text: str) -> int:
    """`90min` → milliseconds."""
    return _with_unit(text, DURATIONS)


def read_bandwidth(text: str) -> int:
    """`10Gbps` → bits per second."""
    return _with_unit(text, BANDWIDTHS)


def read_money(text: str) -> int:
    """`$5.25` → micro-dollars."""
    match = _MONEY.fullmatch(text)
    if not match:
        raise ValueError(text)
    return _whole(_decimal(match[1]) * MICROS)


def read_rate(text: str) -> int:
    """`$3/h` → micro-dollars per hour."""
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError(text)
    return _whole(_decimal(match[1]) * MICROS * DURATIONS["h"] / DURATIONS[match[2]])


def read_percent(text: str) -> float:
    """`2.5%` → 0.025."""
    match = _PERCENT.fullmatch(text)
    if not match:
        raise ValueError(text)
    return float(_decimal(match[1]) / 100)


def read_int(text: str) -> int:
    if len(text) > 40:
        raise ValueError("too large")
    return _whole(Decimal(int(text)))


READERS = {
    "Size": read_size,
    "Duration": read_duration,
    "Bandwidth": read_bandwidth,
    "Money": read_money,
    "Rate": read_rate,
    "Percent": read_percent,
}


def _with_unit(text: str, units: dict[str, int]) -> int:
    match = _UNIT.fullmatch(text)
    if not match or match[2] not in units:
        raise ValueError(text)
    return _whole(_decimal(match[1]) * units[match[2]])


def _decimal(text: str) -> Decimal:
    if len(text) > 40:
        raise ValueError("too long")
    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(text) from error


def _whole(value: Decimal) -> int:
    """Round half to even; a quantity is an integer of its base unit."""
    number = int(value.to_integral_value())
    if abs(number) > LARGEST:
        raise ValueError("too large")
    return number
