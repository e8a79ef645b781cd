"""Amounts of money as integers.

The language counts micro-dollars. The ledger counts nano-dollars, because a 10 ms attempt in a small
function costs less than one micro-dollar and a thousand of them must still add up.
"""

from __future__ import annotations

from typing import NewType

Nanos = NewType("Nanos", int)
"""Nano-dollars (1e-9 USD)."""

NANOS_PER_MICRO = 1_000
NANOS_PER_USD = 1_000_000_000
MS_PER_HOUR = 3_600_000


def format_usd(amount: Nanos | int) -> str:
    """Readable dollars: two decimals from one dollar up, else enough decimals for two significant digits."""
    value = amount / NANOS_PER_USD
    if value == 0:
        return "$0"
    if abs(value) >= 1:
        return f"${value:,.2f}"
    decimals = 2
    while decimals < 9 and abs(value) * 10**decimals < 10:
        decimals += 1
    return f"${value:.{decimals}f}"
