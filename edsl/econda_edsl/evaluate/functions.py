"""What the prelude functions compute: numbers here, all others by their modules, together in `FUNCTIONS`."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from econda_edsl.evaluate import times
from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import bounded, number, quoted, some
from econda_edsl.evaluate.lists import LISTS
from econda_edsl.evaluate.strings import STRINGS

_INT_LONGEST = 40
"""Characters of a text that is read as a whole number."""


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    some(items, "sum")
    return number(math.fsum(items) if any(isinstance(i, float) for i in items) else sum(items))


def _mean(items: list[Any]) -> Any:
    some(items, "mean")
    if any(isinstance(i, float) for i in items):
        return number(math.fsum(items) / len(items))
    return number(sum(items) / len(items))


def _mean_whole(items: list[Any]) -> int:
    """The mean of integer quantities stays an integer."""
    return round(Fraction(sum(some(items, "mean")), len(items)))


def _range(*bounds: int) -> list[int]:
    if len(bounds) == 3 and bounds[2] == 0:
        raise EvaluationError("`range` with a step of zero")
    steps = range(*bounds)
    size = 0 if not steps else abs(steps[-1] - steps[0]) // abs(steps.step) + 1
    bounded(size)
    return list(steps)


def _linspace(first: float, last: float, count: int) -> list[float]:
    if count < 1:
        raise EvaluationError("`linspace` of fewer than one value")
    if bounded(count) == 1:
        return [float(first)]
    return [number(first + (last - first) * i / (count - 1)) for i in range(count)]


def _logspace(first: float, last: float, count: int) -> list[float]:
    if first <= 0 or last <= 0:
        raise EvaluationError("`logspace` runs between positive values")
    middle = [number(math.exp(x)) for x in _linspace(math.log(first), math.log(last), count)]
    middle[0], middle[-1] = float(first), float(last) if count > 1 else float(first)
    return middle


def _round(value: float, digits: int | None = None) -> Any:
    if digits is None:
        return number(round(value))
    return float(round(value, max(-300, min(300, digits))))


def _int(value: Any) -> int:
    try:
        if isinstance(value, str) and len(value := value.strip()) > _INT_LONGEST:
            raise ValueError
        return number(int(value) if not isinstance(value, str) else int(value, 10))
    except ValueError:
        raise EvaluationError(f"{quoted(value)} is not a whole number") from None


def _float(value: Any) -> float:
    try:
        return number(float(value))
    except ValueError:
        raise EvaluationError(f"{quoted(value)} is not a number") from None


def _moment(what: str, read: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return read(text)
        except ValueError:
            raise EvaluationError(f"{quoted(text)} is not {what}") from None

    return parse


def _format(value: Any, kind: str, **options: Any) -> str:
    from econda_edsl.evaluate.formats import format_value

    return format_value(value, kind, **options)


def _matches(text: str, pattern: str) -> bool:
    from econda_edsl.evaluate.patterns import matches

    return matches(text, pattern)


def _find(text: str, pattern: str) -> str | None:
    from econda_edsl.evaluate.patterns import find

    return find(text, pattern)


def _search_work(text: str, pattern: str) -> int:
    from econda_edsl.evaluate.patterns import work

    return work(text, pattern)


def floor_div(a: int, b: int) -> int:
    """How often `b` is whole in `a`, rounded down: exact, as is the rest."""
    if b == 0:
        raise EvaluationError("division by zero")
    return a // b


def modulo(a: int, b: int) -> int:
    """What is left of `a` beyond whole `b`; it has the sign of `b`."""
    if b == 0:
        raise EvaluationError("division by zero")
    return a % b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "sum": _sum,
    "mean": _mean,
    "mean_whole": _mean_whole,
    "range": _range,
    "linspace": _linspace,
    "logspace": _logspace,
    "abs": lambda x: number(abs(x)),
    "round": _round,
    "floor": lambda x: number(math.floor(x)),
    "ceil": lambda x: number(math.ceil(x)),
    "int": _int,
    "float": _float,
    "format": _format,
    "matches": _matches,
    "find": _find,
    "date": _moment("a date such as 2026-01-31", times.read_date),
    "day_of": times.day_of,
    "instant": _moment("an instant such as 2026-01-31T12:00:00Z", times.read_instant),
    "start_of": times.start_of,
    "days": times.days,
    "truncate": times.truncate,
    **LISTS,
    **STRINGS,
}

WORK: dict[str, Callable[..., int]] = {"matches": _search_work, "find": _search_work}
"""Elements of the budget that a call costs beyond those it is given and gives."""
