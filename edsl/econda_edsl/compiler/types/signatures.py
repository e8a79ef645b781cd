"""The types of the prelude functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.evaluate.times import UNITS


class Wrong(NamedTuple):
    """The argument at `position` does not fit; `wanted` says in words what would, `help` what to do."""

    position: int
    wanted: str
    help: str = ""


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


def _article(kind: Type) -> str:
    return "an" if kind.label[0] in "AEIO" else "a"


def _typed(*wanted: Type, give: Type) -> Callable[[Sequence[Type]], Result]:
    """A function of arguments of these types, of which the last may be left out."""

    def check(args: Sequence[Type]) -> Result:
        for i, (arg, kind) in enumerate(zip(args, wanted)):
            if not t.assignable(arg, kind):
                return Wrong(i, f"{_article(kind)} {kind.label}")
        return give

    return check


def _lists(give: Callable[[Type], Type], *then: Type) -> Callable[[Sequence[Type]], Result]:
    """A function of a list, whatever is in it, and of arguments of these types."""

    def check(args: Sequence[Type]) -> Result:
        if args[0].kind != "list":
            help_ = "use `keys(…)`, `values(…)` or `entries(…)` of a Map" if mapped(args[0]) is not None else ""
            return Wrong(0, "a list", help_)
        for i, (arg, kind) in enumerate(zip(args[1:], then)):
            if not t.assignable(arg, kind):
                return Wrong(i + 1, f"{_article(kind)} {kind.label}")
        return give(args[0])

    return check


def mapped(found: Type) -> Type | None:
    """The type of the values of a Map, or of a record whose fields have one type; None for anything else."""
    if found.kind == "map":
        return found.args[1]
    if found.kind != "record" or found.loop:
        return None
    joined: Type | None = t.UNKNOWN
    for each in found.fields.values():
        joined = None if joined is None else t.join(joined, each)
    return joined


def _of_map(give: Callable[[Type], Type]) -> Callable[[Sequence[Type]], Result]:
    def check(args: Sequence[Type]) -> Result:
        value = mapped(args[0])
        return Wrong(0, "a Map, or a record whose fields have one type") if value is None else give(value)

    return check


def _join(args: Sequence[Type]) -> Result:
    item = args[0].element
    if args[0].kind != "list" or (item.known and not t.assignable(item, t.STRING)):
        shown = args[0].kind == "list" and showable(item)
        return Wrong(0, "a list of String", "write each as text: `[str(x) for x in …]`" if shown else "")
    return t.STRING if len(args) == 1 or t.assignable(args[1], t.STRING) else Wrong(1, "a String")


def _pairs(args: Sequence[Type]) -> Result:
    for i, arg in enumerate(args):
        if arg.kind != "list":
            return Wrong(i, "a list")
    return t.list_of(t.record({"first": args[0].element, "second": args[1].element}))


def _map_of(args: Sequence[Type]) -> Result:
    keys, values = args
    if keys.kind != "list" or (keys.element.known and not t.assignable(keys.element, t.STRING)):
        return Wrong(0, "a list of String")
    return t.map_of(t.STRING, values.element) if values.kind == "list" else Wrong(1, "a list")


def _get(args: Sequence[Type]) -> Result:
    value = args[0].element if args[0].kind == "list" else mapped(args[0])
    if value is None:
        return Wrong(0, "a Map or list")
    key = t.INT if args[0].kind == "list" else t.STRING
    if not t.assignable(args[1], key):
        return Wrong(1, f"{_article(key)} {key.label} to look for")
    if len(args) == 2:
        return t.optional(value)
    if args[2].kind in ("none", "optional"):
        return Wrong(2, "a default that is not missing", "leave the default out, and what comes may be missing")
    joined = t.join(value, args[2])
    return Wrong(2, f"a default like the values, {value.label}") if joined is None else joined


def _truncate(args: Sequence[Type]) -> Result:
    if args[0] not in (t.DATE, t.INSTANT):
        return Wrong(0, "a Date or Instant")
    fits = t.assignable(args[1], t.choice(UNITS) if args[1].kind == "choice" else t.STRING)
    return args[0] if fits else Wrong(1, f"one of {', '.join(UNITS)}")


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


def _flatten(args: Sequence[Type]) -> Result:
    inner = args[0].element
    if args[0].kind != "list" or inner.kind not in ("list", "unknown"):
        return Wrong(0, "a list of lists")
    return inner if inner.known else t.list_of(t.UNKNOWN)


def _transposed(args: Sequence[Type]) -> Result:
    found = _flatten(args)
    return found if isinstance(found, Wrong) else args[0]


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
    "best": _list("values", lambda _: True, lambda x: x),
    "sort": _list("values", lambda _: True, t.list_of),
    "unique": _list("values", lambda _: True, t.list_of),
    "group_by": _lists(lambda x: x),
    "zip": _pairs,
    "product": _pairs,
    "enumerate": _lists(lambda x: t.list_of(t.record({"index": t.INT, "value": x.element}))),
    "range": _all_numbers(t.INT, t.list_of(t.INT)),
    "linspace": _spaced,
    "logspace": _spaced,
    "days": _typed(t.DATE, t.DATE, give=t.list_of(t.DATE)),
    "flatten": _flatten,
    "transpose": _transposed,
    "take": _lists(lambda x: x, t.INT),
    "drop": _lists(lambda x: x, t.INT),
    "chunk": _lists(t.list_of, t.INT),
    "keys": _one("a Map or record", lambda x: x.kind in ("map", "record"), lambda _: t.list_of(t.STRING)),
    "values": _of_map(t.list_of),
    "entries": _of_map(lambda x: t.list_of(t.record({"key": t.STRING, "value": x}))),
    "map_of": _map_of,
    "get": _get,
    "any": _list("Bool", lambda x: x == t.BOOL, lambda _: t.BOOL),
    "all": _list("Bool", lambda x: x == t.BOOL, lambda _: t.BOOL),
    "abs": _one("a number or quantity", _amount, lambda x: x),
    "round": _round,
    "floor": _one("a number", t.is_number, lambda _: t.INT),
    "ceil": _one("a number", t.is_number, lambda _: t.INT),
    "str": _one(_SHOWN, showable, lambda _: t.STRING),
    "format": _one(_SHOWN, lambda x: showable(x) and x.kind not in ("none", "optional"), lambda _: t.STRING),
    "int": _one("a number or String", lambda x: t.is_number(x) or t.assignable(x, t.STRING), lambda _: t.INT),
    "float": _one("a number or String", lambda x: t.is_number(x) or t.assignable(x, t.STRING), lambda _: t.FLOAT),
    "split": _typed(t.STRING, t.STRING, give=t.list_of(t.STRING)),
    "join": _join,
    "replace": _typed(t.STRING, t.STRING, t.STRING, give=t.STRING),
    "strip": _typed(t.STRING, t.STRING, give=t.STRING),
    "lower": _typed(t.STRING, give=t.STRING),
    "upper": _typed(t.STRING, give=t.STRING),
    "starts_with": _typed(t.STRING, t.STRING, give=t.BOOL),
    "ends_with": _typed(t.STRING, t.STRING, give=t.BOOL),
    "matches": _typed(t.STRING, t.STRING, give=t.BOOL),
    "find": _typed(t.STRING, t.STRING, give=t.optional(t.STRING)),
    "date": _one("a String or Instant", lambda x: t.assignable(x, t.STRING) or x == t.INSTANT, lambda _: t.DATE),
    "instant": _one("a String or Date", lambda x: t.assignable(x, t.STRING) or x == t.DATE, lambda _: t.INSTANT),
    "truncate": _truncate,
}
