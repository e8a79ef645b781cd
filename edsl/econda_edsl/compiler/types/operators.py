"""The algebra of units: which operands an operator takes, what it gives, which plan form computes it."""

from __future__ import annotations

from typing import NamedTuple

from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type


class Outcome(NamedTuple):
    """`form` is the plan operator; `swap` means its operands stand the other way round."""

    type: Type
    form: str
    swap: bool = False


_VERBS = {"add": "add {a} and {b}", "sub": "subtract {b} from {a}", "mul": "multiply {a} and {b}",
          "div": "divide {a} by {b}", "floor_div": "divide {a} by {b} without a rest",
          "mod": "take the rest of {a} by {b}", "pow": "raise {a} to {b}"}  # fmt: skip
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "floor_div": "//", "mod": "%", "pow": "**"}

_PRODUCTS = {
    ("Rate", "Duration"): Outcome(t.MONEY, "rate_cost"),
    ("Bandwidth", "Duration"): Outcome(t.SIZE, "bandwidth_size"),
}
_QUOTIENTS = {
    ("Money", "Duration"): Outcome(t.RATE, "cost_rate"),
    ("Money", "Rate"): Outcome(t.DURATION, "cost_time"),
    ("Size", "Bandwidth"): Outcome(t.DURATION, "transfer_time"),
    ("Size", "Duration"): Outcome(t.BANDWIDTH, "size_rate"),
}
_HELP = {
    frozenset({"Money", "Duration"}): "say what an hour of waiting is worth: `$6/h * <duration>` is Money",
    frozenset({"Money", "Rate"}): "a rate becomes money over a time: `$2/h * 30min`",
    frozenset({"Size", "Int"}): "give the number a unit: `4GiB`",
    frozenset({"Duration", "Int"}): "give the number a unit: `30min`",
    frozenset({"Money", "Int"}): "give the number a unit: `$5`",
    frozenset({"Date", "Int"}): "give the number a unit: `3d`",
    frozenset({"Instant", "Int"}): "give the number a unit: `30min`",
    frozenset({"String", "Int"}): 'put the number into the string: `"{n}"`',
    frozenset({"String", "Float"}): 'put the number into the string: `"{n}"`',
}


def arithmetic(op: str, a: Type, b: Type) -> Outcome | None:
    """The outcome of `a op b` for op in add sub mul div floor_div mod pow, or None when units forbid it."""
    if not a.known or not b.known:
        return Outcome(t.UNKNOWN, op)
    if op in ("add", "sub"):
        return _sum(op, a, b)
    if op == "mul":
        return _product(a, b)
    if op == "div":
        return _quotient(a, b)
    if op in ("floor_div", "mod"):
        return _rest(op, a, b)
    if t.is_number(a) and t.is_number(b):
        return Outcome(t.INT, "pow") if a == b == t.INT else Outcome(t.FLOAT, "fpow")
    return None


def _sum(op: str, a: Type, b: Type) -> Outcome | None:
    if t.is_number(a) and t.is_number(b):
        return Outcome(a if a == b else t.FLOAT, op)
    if a == b and a.label in t.QUANTITIES:
        return Outcome(a, op)
    if a in (t.DATE, t.INSTANT):
        if b == t.DURATION:
            return Outcome(a, f"time_{op}")
        return Outcome(t.DURATION, "time_between") if op == "sub" and a == b else None
    if op == "add":
        return _concatenation(a, b)
    return None


def _concatenation(a: Type, b: Type) -> Outcome | None:
    if t.assignable(a, t.STRING) and t.assignable(b, t.STRING):
        return Outcome(t.STRING, "concat")
    if a.kind == b.kind == "list":
        joined = t.join(a, b)
        return Outcome(joined, "concat") if joined else None
    return None


def _rest(op: str, a: Type, b: Type) -> Outcome | None:
    """Whole numbers, and quantities, which are whole numbers of their base unit: `90min // 1h`, `90min % 1h`."""
    if a != b or not (a == t.INT or a.label in t.QUANTITIES):
        return None
    return Outcome(t.INT if op == "floor_div" else a, op)


def _product(a: Type, b: Type) -> Outcome | None:
    if t.PERCENT in (a, b) and t.is_number(a) and t.is_number(b):
        # A quantity times a number: `p * 2`, and `f * 100%` makes a Percent of a Float.
        return Outcome(t.PERCENT, "mul")
    if t.is_number(a) and t.is_number(b):
        return Outcome(t.INT if a == b == t.INT else t.FLOAT, "mul")
    if a.label in t.QUANTITIES and t.is_number(b):
        return Outcome(a, "scale")
    if b.label in t.QUANTITIES and t.is_number(a):
        return Outcome(b, "scale", swap=True)
    if found := _PRODUCTS.get((a.label, b.label)):
        return found
    found = _PRODUCTS.get((b.label, a.label))
    return found._replace(swap=True) if found else None


def _quotient(a: Type, b: Type) -> Outcome | None:
    if a == t.PERCENT and b in (t.INT, t.FLOAT):
        return Outcome(a, "div")
    if (t.is_number(a) and t.is_number(b)) or (a == b and a.label in t.QUANTITIES):
        return Outcome(t.FLOAT, "div")
    if a.label in t.QUANTITIES and t.is_number(b):
        return Outcome(a, "unscale")
    return _QUOTIENTS.get((a.label, b.label))


def refusal(op: str, a: Type, b: Type) -> tuple[str, str]:
    """Message and help for operands that do not go together."""
    message = "cannot " + _VERBS[op].format(a=a.label, b=b.label)
    if op == "pow":
        return message, ""
    if op in ("floor_div", "mod") and t.is_number(a) and t.is_number(b):
        return message, "both are Int: `floor(a / b)` rounds a division down"
    if "optional" in (a.kind, b.kind):
        return message, "supply a default with `??`, or test `!= none` first"
    return message, _HELP.get(frozenset({a.label, b.label}), "")
