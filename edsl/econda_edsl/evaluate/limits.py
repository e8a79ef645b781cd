"""How large the values of the evaluator may be."""

from __future__ import annotations

import math
from typing import Any

from econda_edsl.evaluate.errors import EvaluationError

LONGEST = 1_000_000
"""Elements of a list, characters of a text."""
LARGEST = 2**63 - 1


def number(value: Any) -> Any:
    """A number the plan can hold, or an error."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("a number is beyond 64 bits")
    elif not -LARGEST - 1 <= value <= LARGEST:
        raise EvaluationError("a number is beyond 64 bits")
    return value


def bounded(count: int) -> int:
    """A length that a value may have, or an error: asked before the value is made."""
    if count > LONGEST:
        raise EvaluationError(f"a value is longer than {LONGEST:,} elements")
    return count


def some(items: list[Any], what: str) -> list[Any]:
    """The elements of a list that is not empty and misses none, or an error."""
    if not items:
        raise EvaluationError(f"`{what}` of an empty list")
    if any(item is None for item in items):
        raise EvaluationError("a missing value reached a calculation")
    return items


def quoted(value: Any) -> str:
    """A value as messages show it."""
    return f'"{value[:60]}"' if isinstance(value, str) else str(value)[:60]
