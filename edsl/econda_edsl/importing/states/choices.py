"""The rules of a Choice. Standard library only. `econda import` puts a copy of this file beside the pipeline."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from typing import Any

_ORDER = {"Equals": operator.eq, "LessThan": operator.lt, "GreaterThan": operator.gt,
          "LessThanEquals": operator.le, "GreaterThanEquals": operator.ge}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
"""RFC 3339 with an upper T and Z, as the States Language wants it."""

KINDS = ("String", "Numeric", "Boolean", "Timestamp")
TESTS = frozenset(
    {f"{kind}{order}{path}" for kind in ("String", "Numeric", "Timestamp") for order in _ORDER for path in ("", "Path")}
    | {"BooleanEquals", "BooleanEqualsPath", "StringMatches"}
    | {f"Is{kind}" for kind in (*KINDS, "Null", "Present")}
)
"""All comparisons that there are."""

_BESIDE = ("Variable", "Next", "Comment", "Assign", "Output")

Look = Callable[[str], Any]
"""What a path means. Raises `LookupError` if it leads nowhere."""


def test_of(rule: dict[str, Any]) -> str:
    """The name of a rule's comparison, empty if it has none."""
    return next((key for key in rule if key not in _BESIDE), "")


def holds(rule: dict[str, Any], look: Look) -> bool:
    """Whether a rule holds. Raises what `look` raises for a variable that is not there."""
    if "And" in rule:
        return all(holds(each, look) for each in rule["And"])
    if "Or" in rule:
        return any(holds(each, look) for each in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], look)
    test = test_of(rule)
    if test == "IsPresent":
        return _present(rule["Variable"], look) is rule[test]
    value, wanted = look(rule["Variable"]), rule[test]
    if test.startswith("Is"):
        return _is(test[2:], value) is wanted
    if test.endswith("Path"):
        test, wanted = test[:-4], look(wanted)
    if test == "StringMatches":
        return isinstance(value, str) and _matches(value, wanted)
    kind = next(each for each in KINDS if test.startswith(each))
    if not _is(kind, value) or not _is(kind, wanted):
        return False
    if kind == "Timestamp":
        value, wanted = dt.datetime.fromisoformat(value), dt.datetime.fromisoformat(wanted)
    return _ORDER[test.removeprefix(kind)](value, wanted)


def _present(variable: str, look: Look) -> bool:
    try:
        look(variable)
    except LookupError:
        return False
    return True


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "Null":
            return value is None
        case "String":
            return isinstance(value, str)
        case "Boolean":
            return isinstance(value, bool)
        case "Numeric":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str) and _is_time(value)


def _is_time(value: str) -> bool:
    if _TIME.fullmatch(value) is None:
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _matches(value: str, pattern: str) -> bool:
    """`*` is any text, `\\*` a star and `\\\\` a backslash; nothing else means more than itself."""
    parts = re.split(r"(\\[*\\]|\*)", pattern)
    wanted = "".join(
        ".*" if part == "*" else re.escape(part[1:] if part[:1] == "\\" and len(part) == 2 else part) for part in parts
    )
    return re.fullmatch(wanted, value, re.DOTALL) is not None
