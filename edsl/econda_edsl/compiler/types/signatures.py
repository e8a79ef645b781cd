"""The types of the prelude functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type


class Wrong(NamedTuple):
    """The argument at `position` does not fit; `wanted` says in words what would."""

    position: int
    wanted: str


Result = Type | Wrong


def _list(kinds: str, test: Callable[[Type], bool], give: Callable[[Type], Type]) -> Callable[[Sequence[Type]], Result]:
    """A function of one list whose elements pass `test`."""

    def check(args: Sequence[Type]) -> Result:
        item = args[0].element
        if args[0].kind != "list" or (item.known and not test(item)):
            return Wrong(0, f"a list of {kinds}")
        return give(item)

    return check


def _amount(item: Type) -> bool:
    return t.is_number(item) or item.label in t.QUANTITIES


def _one(kinds: str, test: Callable[[Type], bool], give: Callable[[Type], Type]) -> Callable[[Sequence[Type]], Result]:
    def check(args: Sequence[Type]) -> Result:
        return give(args[0]) if not args[0].known or test(args[0]) else Wrong(0, kinds)

    return check


def _all_numbers(kind: Type, give: Type) -> Callable[[Sequence[Type]], Result]:
    def check(args: Sequence[Type]) -> Result:
        for i, arg in enumerate(args):
            if not t.assignable(arg, kind):
                return Wrong(i, f"a value of type {kind.label}")
        return give

    return check


def _spaced(args: Sequence[Type]) -> Result:
    for i, wanted in enumerate((t.FLOAT, t.FLOAT, t.INT)):
        if not t.assignable(args[i], wanted):
            return Wrong(i, f"a value of type {wanted.label}")
    return t.list_of(t.FLOAT)


def _extreme(args: Sequence[Type]) -> Result:
    if len(args) == 1:
        return _list("numbers, quantities, strings or times", t.is_ordered, lambda x: x)(args)
    joined = args[0]
    for i, arg in enumerate(args):
        together = t.join(joined, arg)
        if together is None or (arg.known and not t.is_ordered(arg)):
            return Wrong(i, f"a value that compares with {joined.label}")
        joined = together
    return joined


def _zip(args: Sequence[Type]) -> Result:
    for i, arg in enumerate(args):
        if arg.kind not in ("list", "unknown"):
            return Wrong(i, "a list")
    return t.list_of(t.record({"first": args[0].element, "second": args[1].element}))


def _flatten(args: Sequence[Type]) -> Result:
    inner = args[0].element
    if args[0].kind != "list" or inner.kind not in ("list", "unknown"):
        return Wrong(0, "a list of lists")
    return inner if inner.known else t.list_of(t.UNKNOWN)


def _mean(item: Type) -> Type:
    return item if item.label in t.QUANTITIES or item == t.PERCENT else t.FLOAT


def _round(args: Sequence[Type]) -> Result:
    if not t.is_number(args[0]):
        return Wrong(0, "a number")
    if len(args) == 2:
        return t.FLOAT if t.assignable(args[1], t.INT) else Wrong(1, "a whole number of digits")
    return t.INT


def sized(x: Type) -> bool:
    return x.kind in ("list", "map") or t.assignable(x, t.STRING)


_SHOWN = "a number, quantity, string, Bool or time"


def showable(x: Type) -> bool:
    """Whether a value can be written into a string."""
    x = x.inner
    return x.kind in ("choice", "none", "unknown") or x.label in t.ORDERED or x == t.BOOL


SIGNATURES: dict[str, Callable[[Sequence[Type]], Result]] = {
    "len": _one("a list, Map or String", sized, lambda _: t.INT),
    "sum": _list("numbers or quantities", _amount, lambda x: x),
    "mean": _list("numbers or quantities", _amount, _mean),
    "min": _extreme,
    "max": _extreme,
    "sort": _list("values", lambda _: True, t.list_of),
    "zip": _zip,
    "range": _all_numbers(t.INT, t.list_of(t.INT)),
    "linspace": _spaced,
    "logspace": _spaced,
    "flatten": _flatten,
    "keys": _one("a Map or record", lambda x: x.kind in ("map", "record"), lambda _: t.list_of(t.STRING)),
    "best": _list("values", lambda _: True, lambda x: x),
    "any": _list("Bool", lambda x: x == t.BOOL, lambda _: t.BOOL),
    "all": _list("Bool", lambda x: x == t.BOOL, lambda _: t.BOOL),
    "abs": _one("a number or quantity", _amount, lambda x: x),
    "round": _round,
    "floor": _one("a number", t.is_number, lambda _: t.INT),
    "ceil": _one("a number", t.is_number, lambda _: t.INT),
    "str": _one(_SHOWN, showable, lambda _: t.STRING),
    "int": _one("a number or String", lambda x: t.is_number(x) or t.assignable(x, t.STRING), lambda _: t.INT),
    "float": _one("a number or String", lambda x: t.is_number(x) or t.assignable(x, t.STRING), lambda _: t.FLOAT),
    "date": _one("a String", lambda x: t.assignable(x, t.STRING), lambda _: t.DATE),
    "instant": _one("a String", lambda x: t.assignable(x, t.STRING), lambda _: t.INSTANT),
}
