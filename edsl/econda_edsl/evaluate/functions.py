"""What the prelude functions compute."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from econda_edsl.evaluate import times
from econda_edsl.evaluate.errors import EvaluationError

LONGEST = 1_000_000
LARGEST = 2**63 - 1


def number(value: Any) -> Any:
    """A number the plan can hold, or an error."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("a number is beyond 64 bits")
    elif not -LARGEST - 1 <= value <= LARGEST:
        raise EvaluationError("a number is beyond 64 bits")
    return value


def _bounded(count: int) -> int:
    if count > LONGEST:
        raise EvaluationError(f"a value is longer than {LONGEST:,} elements")
    return count


def _some(items: list[Any], what: str) -> list[Any]:
    if not items:
        raise EvaluationError(f"`{what}` of an empty list")
    if any(item is None for item in items):
        raise EvaluationError("a missing value reached a calculation")
    return items


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    _some(items, "sum")
    return number(math.fsum(items) if any(isinstance(i, float) for i in items) else sum(items))


def _mean(items: list[Any]) -> Any:
    return number(math.fsum(_some(items, "mean")) / len(items))


def _mean_whole(items: list[Any]) -> int:
    """The mean of integer quantities stays an integer."""
    return round(sum(_some(items, "mean")) / len(items))


def _extreme(name: str, choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: choose(_some(args[0] if len(args) == 1 else list(args), name))


def _key(by: str | None) -> Callable[[Any], Any]:
    def key(item: Any) -> Any:
        value = item if by is None else item[by]
        if value is None:
            raise EvaluationError("a missing value has no order")
        return value

    return key


def _sort(items: list[Any], by: str | None = None, reverse: bool = False) -> list[Any]:
    return sorted(items, key=_key(by), reverse=reverse)


def _best(items: list[Any], by: str | None = None, lowest: bool = False) -> Any:
    """The first of the best elements."""
    return (min if lowest else max)(_some(items, "best"), key=_key(by))


def _zip(a: list[Any], b: list[Any]) -> list[Any]:
    if len(a) != len(b):
        raise EvaluationError(f"`zip` of lists of {len(a)} and {len(b)} elements")
    return [{"first": x, "second": y} for x, y in zip(a, b, strict=True)]


def _range(*bounds: int) -> list[int]:
    if len(bounds) == 3 and bounds[2] == 0:
        raise EvaluationError("`range` with a step of zero")
    steps = range(*bounds)
    size = 0 if not steps else abs(steps[-1] - steps[0]) // abs(steps.step) + 1
    _bounded(size)
    return list(steps)


def _linspace(first: float, last: float, count: int) -> list[float]:
    if count < 1:
        raise EvaluationError("`linspace` of fewer than one value")
    if _bounded(count) == 1:
        return [float(first)]
    return [number(first + (last - first) * i / (count - 1)) for i in range(count)]


def _logspace(first: float, last: float, count: int) -> list[float]:
    if first <= 0 or last <= 0:
        raise EvaluationError("`logspace` runs between positive values")
    middle = [number(math.exp(x)) for x in _linspace(math.log(first), math.log(last), count)]
    middle[0], middle[-1] = float(first), float(last) if count > 1 else float(first)
    return middle


def _flatten(lists: list[list[Any]]) -> list[Any]:
    _bounded(sum(map(len, lists)))
    return [item for inner in lists for item in inner]


def _round(value: float, digits: int | None = None) -> Any:
    if digits is None:
        return number(round(value))
    return float(round(value, max(-300, min(300, digits))))


def _quoted(value: Any) -> str:
    return f'"{value[:60]}"' if isinstance(value, str) else str(value)


def _int(value: Any) -> int:
    try:
        return number(int(value) if not isinstance(value, str) else int(value[:40].strip(), 10))
    except ValueError:
        raise EvaluationError(f"{_quoted(value)} is not a whole number") from None


def _float(value: Any) -> float:
    try:
        return number(float(value))
    except ValueError:
        raise EvaluationError(f"{_quoted(value)} is not a number") from None


def _moment(what: str, read: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return read(text)
        except ValueError:
            raise EvaluationError(f"{_quoted(text)} is not {what}") from None

    return parse


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "sum": _sum,
    "mean": _mean,
    "mean_whole": _mean_whole,
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "sort": _sort,
    "zip": _zip,
    "range": _range,
    "linspace": _linspace,
    "logspace": _logspace,
    "flatten": _flatten,
    "keys": lambda record: sorted(record),
    "best": _best,
    "any": any,
    "all": all,
    "abs": lambda x: number(abs(x)),
    "round": _round,
    "floor": lambda x: number(math.floor(x)),
    "ceil": lambda x: number(math.ceil(x)),
    "int": _int,
    "float": _float,
    "date": _moment("a date such as 2026-01-31", times.read_date),
    "instant": _moment("an instant such as 2026-01-31T12:00:00Z", times.read_instant),
}
