"""Stand-ins for values that are known only in a run, and Python values as expressions of EDSL."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.evaluate.quantities import READERS
from econda_edsl.words import prelude
from econda_edsl.writing.literals import NoLiteral, duration_literal, number_literal, size_literal, text_literal

CONDITIONAL, COALESCE, OR, AND, NOT, COMPARE, RANGE, SUM, TERM, UNARY, POWER, POSTFIX = range(12)
_NAME = re.compile(r"[a-z_][A-Za-z0-9_]*")


class TraceError(TypeError):
    """A pipeline's function does what tracing cannot see; the message says what to write instead."""


class Expr:
    """A value of a run. Operators and attributes make expressions of EDSL; nothing of it can be known while tracing.

    `type` is its type as EDSL text where that is known. `fields` are the outputs of a task's step.
    """

    __slots__ = ("_fields", "_level", "_text", "_type")

    def __init__(
        self, text: str, level: int = POSTFIX, type: str | None = None, fields: Mapping[str, str] | None = None
    ) -> None:
        self._text, self._level, self._type, self._fields = text, level, type, fields

    def __repr__(self) -> str:
        return f"<{self._type or 'value'} {self._text}>"

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._fields is not None and name not in self._fields:
            help_ = did_you_mean(name, self._fields) or f"it has {', '.join(self._fields) or 'none'}"
            raise TraceError(f"`{self._text}` has no output `{name}`; {help_}")
        if not _NAME.fullmatch(name):
            raise TraceError(f"`{name}` cannot be an attribute in EDSL; names begin with a small letter")
        return Expr(f"{at(self, POSTFIX)}.{name}", POSTFIX, self._fields[name] if self._fields else None)

    def __getitem__(self, index: Any) -> Expr:
        if isinstance(index, slice):
            raise TraceError(f"{self!r} cannot be sliced; write `fn.take(…)` and `fn.drop(…)`")
        return Expr(f"{at(self, POSTFIX)}[{expression(index)}]")

    def reach(self, name: str) -> Expr:
        """`x?.name`: the attribute of a value that may be missing."""
        return Expr(f"{at(self, POSTFIX)}?.{name}")

    def default(self, other: Any) -> Expr:
        """`x ?? other`: another value where this one is missing."""
        return Expr(f"{at(self, OR)} ?? {at(other, OR)}", COALESCE)

    def one_of(self, values: Any) -> Expr:
        """`x in values`."""
        return Expr(f"{at(self, RANGE)} in {at(values, RANGE)}", COMPARE)

    def if_(self, test: Any, other: Any) -> Expr:
        """`x if test else other`."""
        return Expr(f"{at(self, COALESCE)} if {at(test, COALESCE)} else {at(other, CONDITIONAL)}", CONDITIONAL)

    def _refuse(self, instead: str) -> NoReturn:
        raise TraceError(f"{self!r} is known only in a run, not while the pipeline is traced; {instead}")

    def __bool__(self) -> bool:
        self._refuse("write `when(…)` for a branch, and `&`, `|`, `~` for `and`, `or`, `not`")

    def __iter__(self) -> Any:
        self._refuse("write `foreach(…)` for a loop over it")

    def __len__(self) -> int:
        self._refuse("write `fn.len(…)`")

    def __contains__(self, _: Any) -> bool:
        self._refuse("write `x.one_of(values)` for `x in values`")

    def __int__(self) -> int:
        self._refuse("write `fn.int(…)`")

    def __float__(self) -> float:
        self._refuse("write `fn.float(…)`")

    def __index__(self) -> int:
        self._refuse("write `foreach(fn.range(…))` for a loop that long")

    def __str__(self) -> str:
        self._refuse('write `text("… {x}", x=…)` for text with values in it')

    def __format__(self, _: str) -> str:
        self._refuse('write `text("… {x}", x=…)` instead of an f-string')

    def __call__(self, *_: Any, **__: Any) -> Any:
        self._refuse("it cannot be called; call a task, or a function of `fn`")

    def __fspath__(self) -> str:
        self._refuse("give it to a task, which gets the path")

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return self._two("==", other, COMPARE)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return self._two("!=", other, COMPARE)

    def __lt__(self, other: Any) -> Expr:
        return self._two("<", other, COMPARE)

    def __le__(self, other: Any) -> Expr:
        return self._two("<=", other, COMPARE)

    def __gt__(self, other: Any) -> Expr:
        return self._two(">", other, COMPARE)

    def __ge__(self, other: Any) -> Expr:
        return self._two(">=", other, COMPARE)

    def __and__(self, other: Any) -> Expr:
        return self._two("and", other, AND)

    def __rand__(self, other: Any) -> Expr:
        return self._two("and", other, AND, turned=True)

    def __or__(self, other: Any) -> Expr:
        return self._two("or", other, OR)

    def __ror__(self, other: Any) -> Expr:
        return self._two("or", other, OR, turned=True)

    def __invert__(self) -> Expr:
        return Expr(f"not {at(self, NOT)}", NOT)

    def __add__(self, other: Any) -> Expr:
        return self._two("+", other, SUM)

    def __radd__(self, other: Any) -> Expr:
        return self._two("+", other, SUM, turned=True)

    def __sub__(self, other: Any) -> Expr:
        return self._two("-", other, SUM)

    def __rsub__(self, other: Any) -> Expr:
        return self._two("-", other, SUM, turned=True)

    def __mul__(self, other: Any) -> Expr:
        return self._two("*", other, TERM)

    def __rmul__(self, other: Any) -> Expr:
        return self._two("*", other, TERM, turned=True)

    def __truediv__(self, other: Any) -> Expr:
        return self._two("/", other, TERM)

    def __rtruediv__(self, other: Any) -> Expr:
        return self._two("/", other, TERM, turned=True)

    def __pow__(self, other: Any) -> Expr:
        return Expr(f"{at(self, POSTFIX)} ** {at(other, UNARY)}", POWER)

    def __rpow__(self, other: Any) -> Expr:
        return Expr(f"{at(other, POSTFIX)} ** {at(self, UNARY)}", POWER)

    def __neg__(self) -> Expr:
        return Expr(f"-{at(self, UNARY)}", UNARY)

    def __floordiv__(self, other: Any) -> Expr:
        return self._two("//", other, TERM)

    def __rfloordiv__(self, other: Any) -> Expr:
        return self._two("//", other, TERM, turned=True)

    def __mod__(self, other: Any) -> Expr:
        return self._two("%", other, TERM)

    def __rmod__(self, other: Any) -> Expr:
        return self._two("%", other, TERM, turned=True)

    def __abs__(self) -> Expr:
        return fn.abs(self)

    def __round__(self, digits: int | None = None) -> Expr:
        return fn.round(self) if digits is None else fn.round(self, digits)

    def _two(self, sign: str, other: Any, level: int, *, turned: bool = False) -> Expr:
        # What stands beside a quantity is written as one: `size > "8GiB"`.
        kind = self._type if self._type in READERS and isinstance(other, str) else None
        mine, its = (self, _written(other, kind)) if not turned else (_written(other, kind), self)
        # Comparisons do not chain; the others group to the left.
        return Expr(f"{at(mine, level + (level == COMPARE))} {sign} {at(its, level + 1)}", level)


RECORDS: list[Callable[[Any], Expr]] = []
"""What writes a data class: `records` puts it here, for it needs the pipeline that is traced."""


def at(value: Any, level: int) -> str:
    """A value as text that may stand where an operator of `level` expects it."""
    found = value if isinstance(value, Expr) else _written(value)
    return found._text if found._level >= level else f"({found._text})"


def expression(value: Any, type: str | None = None) -> str:
    """A value as an expression of EDSL; text for a quantity is read as one. Raises `TraceError`."""
    return _written(value, type)._text


def _written(value: Any, type: str | None = None) -> Expr:
    if isinstance(value, Expr):
        return value
    if isinstance(value, str) and type is not None and type.rstrip("?") in READERS:
        return Expr(_quantity(value, type.rstrip("?")))
    try:
        written = _literal(value, type)
    except NoLiteral as error:
        raise TraceError(f"{error}; pass a value of EDSL, or do it in a task") from None
    return Expr(written, UNARY if written.startswith("-") else POSTFIX, type)


def _quantity(text: str, kind: str) -> str:
    try:
        READERS[kind](text)
    except ValueError:
        raise TraceError(f"`{text}` is no {kind}; write it as in EDSL, with its unit") from None
    return text


def _literal(value: Any, type: str | None) -> str:
    kind = value.__class__.__name__
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case int() if kind == "Size":
            return size_literal(value)
        case int() if kind == "Money":
            return f"${value / 1_000_000:.6f}".rstrip("0").rstrip(".")
        case int() if kind == "Rate":
            return f"${value / 1_000_000:.6f}".rstrip("0").rstrip(".") + "/h"
        case int() if kind == "Bandwidth":
            return f"{value / 1000:.3f}".rstrip("0").rstrip(".") + "kbps"
        case float() if kind == "Percent":
            return f"{value * 100:.10f}".rstrip("0").rstrip(".") + "%"
        case int() if type == "Float":
            return number_literal(float(value))
        case int() | float():
            return number_literal(value)
        case str():
            return text_literal(value)
        case dt.timedelta():
            return duration_literal(value / dt.timedelta(milliseconds=1))
        case dt.datetime():
            return f'instant("{value.isoformat()}")'
        case dt.date():
            return f'date("{value.isoformat()}")'
        case dict():
            return "{" + ", ".join(f"{_key(name)}: {expression(each)}" for name, each in value.items()) + "}"
        case list() | tuple():
            inner = type[5:-1] if type and type.startswith("List[") else None
            return f"[{', '.join(expression(each, inner) for each in value)}]"
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type_):
            return RECORDS[0](value)._text
        case _:
            raise NoLiteral(f"a {kind} is no value of EDSL")


type_ = type


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise NoLiteral(f"the key {name!r} is not text")
    return name if _NAME.fullmatch(name) else text_literal(name)


def text(template: str, **values: Any) -> Expr:
    """Text with values in it: `text("best of {n}", n=fn.len(x))`. Raises `TraceError` for a name without a value."""
    parts, unused = [], set(values)
    for part in re.split(r"(\{\{|\}\}|\{\w*\})", template):
        name = part[1:-1]
        if part in ("{{", "}}") or not part.startswith("{"):
            parts.append(part if part in ("{{", "}}") else text_literal(part)[1:-1])
            continue
        if name not in values:
            raise TraceError(f"`text` has no value for {{{name}}}; pass {name or 'name'}=… or double the braces")
        written = expression(values[name])
        if '"' in written:
            raise TraceError(f"the value for {{{name}}} has text inside; bind it first: x = value(…)")
        parts.append(f"{{{written}}}")
        unused.discard(name)
    if unused:
        raise TraceError(
            f"`text` has values that it does not show: {', '.join(sorted(unused))}; write {{name}} for each"
        )
    return Expr('"' + "".join(parts) + '"', POSTFIX, "String")


class _Functions:
    """The functions of EDSL: `fn.len(xs)`, `fn.best(xs, by="loss")`, `fn.format(day, as_="%Y")`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in prelude.FUNCTIONS:
            raise TraceError(
                f"EDSL has no function `{name}`; {did_you_mean(name, prelude.FUNCTIONS) or 'do it in a task'}"
            )

        def call(*args: Any, **named: Any) -> Expr:
            parts = [expression(each) for each in args]
            for written, each in named.items():
                # `as` is a word of Python.
                key = written.rstrip("_")
                parts.append(
                    f"{key} = .{each}" if key == "by" and isinstance(each, str) else f"{key} = {expression(each)}"
                )
            return Expr(f"{name}({', '.join(parts)})")

        return call


fn = _Functions()
run = Expr("run", fields={"id": "String", "seed": "Int", "started_at": "Instant"})
"""The run: `run.id`, `run.seed`, `run.started_at`."""
