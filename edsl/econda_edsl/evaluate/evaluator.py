"""The one evaluator of plan expressions: total, pure, deterministic; it needs no types.

An expression is an object with one key. The closed set (e… are expressions, n names):

  constants     {"lit": any JSON}
  names         {"var": n}
  parts         {"lookup": [map, e]} (none if it has no such key)
                {"get": [e, n]}  {"opt_get": [e, n]} (none stays none)  {"index": [e, e]}
                {"named": [file, "name" | "stem" | "suffix"]} {"opt_named": …} (of the name of a file or folder)
  numbers       {"add": [e, e]} sub mul div (Float) pow (Int) fpow (Float)  {"neg": e}
                {"floor_div": [e, e]} {"mod": [e, e]} (whole numbers, rounded down)
  sequences     {"concat": [e, e]} (strings or lists)
  quantities    {"scale": [q, n]} {"unscale": [q, n]} (rounded half to even)
                {"rate_cost": [rate, duration]} {"cost_rate": [money, duration]} {"cost_time": [money, rate]}
                {"bandwidth_size": [bandwidth, duration]} {"transfer_time": [size, bandwidth]}
                {"size_rate": [size, duration]}
  times         {"time_add": [t, duration]} {"time_sub": [t, duration]} {"time_between": [t, t]}
  comparison    {"eq": [e, e]} ne lt le gt ge  {"in": [item, list, map or string]}
  logic         {"and": [e, e]} or (short circuit)  {"not": e}
                {"cond": [test, then, else]}  {"coalesce": [e, e]}
  construction  {"list": [e, …]}  {"record": {n: e}}  {"range": [first, last]} (inclusive)
                {"comp": {"var": n, "in": e, "of": e, "if"?: e}}
  text          {"format": [e, …]} (joins)  {"show": [e, type name]}
  functions     {"call": [n, [e, …], {n: e}]}: the names of `econda_edsl.evaluate.functions`

Size is bytes, Duration ms, Money micro-dollars, Rate micro-dollars per hour, Bandwidth bits per second,
Percent a fraction; Date is `YYYY-MM-DD`, Instant `YYYY-MM-DDTHH:MM:SS[.mmm]Z`. A value that is missing is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from econda_edsl.evaluate import functions, times
from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import LONGEST, number
from econda_edsl.evaluate.text import show

__all__ = ["LONGEST", "Budget", "EvaluationError", "evaluate"]

_HOUR_MS = 3_600_000
_CHARACTERS = 16
"""Characters that count as one element of the budget where a function runs over a text."""


class Budget:
    """How many elements evaluations may still make; it keeps nested loops over long lists bounded."""

    __slots__ = ("left",)

    def __init__(self, elements: int = 5_000_000) -> None:
        self.left = elements

    def spend(self, elements: int) -> None:
        self.left -= elements
        if self.left < 0:
            raise EvaluationError("the expression makes too many elements")


class _Names(dict[str, Any]):
    """Names bound inside the expression, over the scope it was given."""

    __slots__ = ("budget", "outer")

    def __init__(self, outer: Mapping[str, Any], budget: Budget) -> None:
        super().__init__()
        self.outer, self.budget = outer, budget

    def __missing__(self, name: str) -> Any:
        return self.outer[name]


def evaluate(expr: Mapping[str, Any], scope: Mapping[str, Any], budget: Budget | None = None) -> Any:
    """The JSON value of an expression.

    Raises `EvaluationError` for what no type can exclude: division by zero, an index out of range, a missing
    value reached, a number beyond 64 bits, a list of more than a million elements, an unknown form or name,
    more work than `budget` allows (by default five million elements).
    """
    if len(expr) == 1 and "lit" in expr:
        # Most of what a task needs is written down as it is.
        return expr["lit"]
    return _value(expr, _Names(scope, budget or Budget()))


def _value(expr: Mapping[str, Any], scope: _Names) -> Any:
    if len(expr) != 1:
        raise EvaluationError("not an expression: it needs exactly one key")
    ((form, body),) = expr.items()
    rule = _RULES.get(form)
    if rule is None:
        raise EvaluationError(f"unknown expression form `{form}`")
    try:
        return rule(body, scope)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise EvaluationError(f"cannot evaluate `{form}`: {type(error).__name__}") from error


def _var(name: Any, scope: _Names) -> Any:
    try:
        return scope[name]
    except KeyError:
        raise EvaluationError(f"`{name}` has no value here") from None


def _get(body: Any, scope: _Names) -> Any:
    base, name = _value(body[0], scope), body[1]
    if base is None:
        raise EvaluationError(f"a missing value has no `{name}`")
    if not isinstance(base, dict) or name not in base:
        raise EvaluationError(f"the value has no `{name}`")
    return base[name]


def _opt_get(body: Any, scope: _Names) -> Any:
    base = _value(body[0], scope)
    return None if base is None else _get(({"lit": base}, body[1]), scope)


def _named(body: Any, scope: _Names) -> str:
    """The name that a file was made or given with, or a part of it."""
    about, part = _get((body[0], "$artifact"), scope), body[1]
    name = str(about.get("name") or about.get("from") or "").rstrip("/").rpartition("/")[2]
    if part == "name":
        return name
    # A name that only begins with a dot has no suffix, as in Python.
    dot = name.rfind(".")
    stem, suffix = (name[:dot], name[dot:]) if 0 < dot < len(name) - 1 else (name, "")
    return stem if part == "stem" else suffix


def _opt_named(body: Any, scope: _Names) -> str | None:
    value = _value(body[0], scope)
    return None if value is None else _named(({"lit": value}, body[1]), scope)


def _index(body: Any, scope: _Names) -> Any:
    base, key = _value(body[0], scope), _value(body[1], scope)
    if isinstance(base, list):
        if not 0 <= key < len(base):
            raise EvaluationError(f"index {key} is out of range: the list has {len(base)} elements, counted from 0")
        return base[key]
    if isinstance(base, dict):
        if key not in base:
            raise EvaluationError(f"the map has no key {key!r}")
        return base[key]
    raise EvaluationError("a missing value cannot be indexed")


def _lookup(body: Any, scope: _Names) -> Any:
    return _present(body[0], scope).get(_present(body[1], scope))


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, _Names], Any]:
    def rule(body: Any, scope: _Names) -> Any:
        return number(compute(_present(body[0], scope), _present(body[1], scope)))

    return rule


def _present(expr: Any, scope: _Names) -> Any:
    value = _value(expr, scope)
    if value is None:
        raise EvaluationError("a missing value reached a calculation")
    return value


def _div(a: Any, b: Any) -> float:
    if b == 0:
        raise EvaluationError("division by zero")
    return a / b


def _pow(a: Any, b: Any) -> Any:
    if b < 0:
        raise EvaluationError("a whole number cannot be raised to a negative power; make the base a Float")
    if abs(a) > 1 and b > 64:
        raise EvaluationError("a number is beyond 64 bits")
    return a**b


def _fpow(a: Any, b: Any) -> float:
    if a == 0 and b < 0:
        raise EvaluationError("division by zero")
    try:
        result = math.pow(a, b)
    except OverflowError:
        raise EvaluationError("a number is beyond 64 bits") from None
    except ValueError:
        raise EvaluationError("a negative number has no such power") from None
    return result


def _ratio(top: Any, bottom: Any) -> int:
    """`top / bottom` as an integer, half to even, exact for integers."""
    if bottom == 0:
        raise EvaluationError("division by zero")
    return round(Fraction(top) / Fraction(bottom))


def _concat(body: Any, scope: _Names) -> Any:
    a, b = _present(body[0], scope), _present(body[1], scope)
    _bounded(len(a) + len(b), scope)
    return a + b


def _bounded(length: int, scope: _Names) -> None:
    """Refuse a list or string that is too long, and count it."""
    if length > LONGEST:
        raise EvaluationError(f"a value is longer than {LONGEST:,} elements")
    scope.budget.spend(length)


def _same(a: Any, b: Any) -> bool:
    """Equality without Python's `True == 1`."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(v, b[k]) for k, v in a.items())
    return a == b


def _in(body: Any, scope: _Names) -> bool:
    item, whole = _value(body[0], scope), _present(body[1], scope)
    if isinstance(whole, list):
        return any(_same(item, other) for other in whole)
    return item in whole


def _equal(body: Any, scope: _Names) -> bool:
    return _same(_value(body[0], scope), _value(body[1], scope))


def _compare(compute: Callable[[Any, Any], bool]) -> Callable[[Any, _Names], bool]:
    return lambda body, scope: compute(_present(body[0], scope), _present(body[1], scope))


def _cond(body: Any, scope: _Names) -> Any:
    return _value(body[1] if _present(body[0], scope) else body[2], scope)


def _coalesce(body: Any, scope: _Names) -> Any:
    value = _value(body[0], scope)
    return _value(body[1], scope) if value is None else value


def _comp(body: Any, scope: _Names) -> list[Any]:
    name, item, test = body["var"], body["of"], body.get("if")
    items = _present(body["in"], scope)
    scope.budget.spend(len(items))
    out, inner = [], _Names(scope, scope.budget)
    for inner[name] in items:
        if test is None or _value(test, inner):
            out.append(_value(item, inner))
    return out


def _range(body: Any, scope: _Names) -> list[int]:
    first, last = _present(body[0], scope), _present(body[1], scope)
    _bounded(max(0, last - first + 1), scope)
    return list(range(first, last + 1))


def _call(body: Any, scope: _Names) -> Any:
    name, args, options = body[0], body[1], body[2] if len(body) > 2 else {}
    function = functions.FUNCTIONS.get(name)
    if function is None:
        raise EvaluationError(f"unknown function `{name}`")
    values = [_present(a, scope) for a in args]
    given = {k: _present(v, scope) for k, v in options.items()}
    scope.budget.spend(sum(map(_weight, (*values, *given.values()))))
    if name in functions.WORK:
        scope.budget.spend(functions.WORK[name](*values))
    result = function(*values, **given)
    scope.budget.spend(_weight(result))
    return result


def _weight(value: Any) -> int:
    """What a function that runs over a value costs of the budget; many characters are as quick as one element."""
    if isinstance(value, str):
        return len(value) // _CHARACTERS
    return len(value) if isinstance(value, list | dict) else 0


def _format(body: Any, scope: _Names) -> str:
    out = "".join(_value(part, scope) for part in body)
    _bounded(len(out), scope)
    return out


_RULES: dict[str, Callable[[Any, _Names], Any]] = {
    "lit": lambda body, _: body,
    "var": _var,
    "get": _get,
    "opt_get": _opt_get,
    "named": _named,
    "opt_named": _opt_named,
    "index": _index,
    "lookup": _lookup,
    "add": _arithmetic(lambda a, b: a + b),
    "sub": _arithmetic(lambda a, b: a - b),
    "mul": _arithmetic(lambda a, b: a * b),
    "div": _arithmetic(_div),
    "floor_div": _arithmetic(functions.floor_div),
    "mod": _arithmetic(functions.modulo),
    "pow": _arithmetic(_pow),
    "fpow": _arithmetic(_fpow),
    "neg": lambda body, scope: number(-_present(body, scope)),
    "concat": _concat,
    "scale": _arithmetic(lambda q, n: round(Fraction(q) * Fraction(n))),
    "unscale": _arithmetic(_ratio),
    "rate_cost": _arithmetic(lambda rate, ms: _ratio(rate * ms, _HOUR_MS)),
    "cost_rate": _arithmetic(lambda money, ms: _ratio(money * _HOUR_MS, ms)),
    "cost_time": _arithmetic(lambda money, rate: _ratio(money * _HOUR_MS, rate)),
    "bandwidth_size": _arithmetic(lambda bandwidth, ms: _ratio(bandwidth * ms, 8_000)),
    "transfer_time": _arithmetic(lambda size, bandwidth: _ratio(size * 8_000, bandwidth)),
    "size_rate": _arithmetic(lambda size, ms: _ratio(size * 8_000, ms)),
    "time_add": lambda body, scope: times.shift(_present(body[0], scope), _present(body[1], scope)),
    "time_sub": lambda body, scope: times.shift(_present(body[0], scope), -_present(body[1], scope)),
    "time_between": _arithmetic(times.between),
    "eq": _equal,
    "ne": lambda body, scope: not _equal(body, scope),
    "lt": _compare(lambda a, b: a < b),
    "le": _compare(lambda a, b: a <= b),
    "gt": _compare(lambda a, b: a > b),
    "ge": _compare(lambda a, b: a >= b),
    "in": _in,
    "and": lambda body, scope: bool(_present(body[0], scope)) and bool(_present(body[1], scope)),
    "or": lambda body, scope: bool(_present(body[0], scope)) or bool(_present(body[1], scope)),
    "not": lambda body, scope: not _present(body, scope),
    "cond": _cond,
    "coalesce": _coalesce,
    "list": lambda body, scope: [_value(item, scope) for item in body],
    "record": lambda body, scope: {name: _value(value, scope) for name, value in body.items()},
    "comp": _comp,
    "range": _range,
    "format": _format,
    "show": lambda body, scope: show(_value(body[0], scope), body[1]),
    "call": _call,
}
