"""Ranges of parameters."""

from __future__ import annotations

from typing import Any

from econda_edsl.evaluate.text import show
from econda_edsl.plan.model import Parameter


def outside_range(declared: Parameter, value: Any) -> str:
    """`2, outside its range 0..1` for a value that does not lie in the declared range; else empty."""
    low, high = declared.minimum, declared.maximum
    if value is None or not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if (low is None or value >= low) and (high is None or value <= high):
        return ""
    kind = declared.type.rstrip("?")
    bounds = f"{show(low, kind) if low is not None else ''}..{show(high, kind) if high is not None else ''}"
    return f"{show(value, kind)}, outside its range {bounds}"
