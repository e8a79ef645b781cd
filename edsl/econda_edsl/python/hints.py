"""Type hints as types of EDSL; dataclasses, pydantic models and typed dictionaries as records."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union

from econda_edsl.python.expressions import TraceError, expression
from econda_edsl.python.units import ARTIFACTS, Bandwidth, Duration, Money, Percent, Rate, Size
from econda_edsl.writing.literals import text_literal
from econda_edsl.writing.program import Input, RecordText

_PLAIN: dict[Any, str] = {
    bool: "Bool", int: "Int", float: "Float", str: "String", dt.timedelta: "Duration", Duration: "Duration",
    dt.datetime: "Instant", dt.date: "Date", Path: "File", Size: "Size", Money: "Money", Rate: "Rate",
    Bandwidth: "Bandwidth", Percent: "Percent", **{kind: kind.__name__ for kind in ARTIFACTS},
}  # fmt: skip


@dataclass(frozen=True)
class Range:
    """The inclusive range of an input: `Annotated[int, Range(1, 64)]`."""

    low: Any
    high: Any


@dataclass
class Records:
    """The records that a program needs, by name, in the order in which they were met."""

    found: dict[str, RecordText] = field(default_factory=dict)
    classes: dict[str, Any] = field(default_factory=dict)

    def type_of(self, hint: Any, where: str) -> str:
        """A hint as a type. Raises `TraceError` for what has no type in EDSL."""
        if hint in (inspect.Parameter.empty, None, Any):
            raise TraceError(f"{where} has no type; annotate it, EDSL checks types before anything runs")
        if isinstance(hint, type) and hint in _PLAIN:
            return _PLAIN[hint]
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self.type_of(args[0], where)
        if origin in (Union, types.UnionType):
            return self._union(args, where)
        if origin is Literal and all(isinstance(each, str) for each in args):
            return " | ".join(map(text_literal, args))
        if origin in (list, tuple) and args and (origin is list or args[1:] == (...,)):
            return f"List[{self.type_of(args[0], where)}]"
        if origin is dict and args[0] is str:
            return f"Map[String, {self.type_of(args[1], where)}]"
        if isinstance(hint, type) and _fields(hint) is not None:
            return self.add(hint)
        shown = getattr(hint, "__name__", str(hint))
        raise TraceError(f"{where} has the type {shown}, which EDSL has not; see docs/python.md for those it has")

    def add(self, cls: Any) -> str:
        """Note a record; returns its name."""
        name = cls.__name__
        if self.classes.setdefault(name, cls) is not cls:
            raise TraceError(f"two classes are called `{name}`; rename one, EDSL has one name for one thing")
        if name not in self.found:
            self.found[name] = RecordText(name, [], inspect.cleandoc(cls.__dict__.get("__doc__") or ""))
            if self.found[name].doc.startswith(f"{name}("):  # what `dataclass` writes by itself
                self.found[name].doc = ""
            for key, (hint, default) in (_fields(cls) or {}).items():
                kind = self.type_of(hint, f"`{name}.{key}`")
                written = None if default is inspect.Parameter.empty else expression(default, kind)
                self.found[name].fields.append(Input(key, kind, written))
        return name

    def _union(self, args: tuple[Any, ...], where: str) -> str:
        kinds = [self.type_of(each, where) for each in args if each is not type(None)]
        if len(kinds) > 1 and not all(kind.startswith('"') for kind in kinds):
            raise TraceError(f"{where} may be one of several types; EDSL has only `T | None` and choices of text")
        joined = " | ".join(kinds)
        return joined if len(kinds) == len(args) else f"{joined}?"

    def inputs(self, function: Any, where: str) -> list[Input]:
        """The inputs of a function by its signature."""
        hints = hints_of(function, where)
        found = []
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise TraceError(f"{where} takes `{parameter}`; EDSL needs every input by its name")
            kind = self.type_of(hints.get(name, parameter.empty), f"the input `{name}` of {where}")
            default = None if parameter.default is parameter.empty else expression(parameter.default, kind)
            found.append(Input(name, kind, default, *_extra(hints.get(name), kind)))
        return found

    def outputs(self, hint: Any, where: str) -> dict[str, str]:
        """The outputs by the hint of what is returned: a NamedTuple or TypedDict gives several, a type `value`."""
        if hint in (None, type(None), inspect.Parameter.empty):
            return {}
        if _is_row(hint):
            fields = hints_of(hint, where)
            if len(fields) == 1 and issubclass(hint, tuple):
                raise TraceError(f"{where} returns a NamedTuple with one field; use a TypedDict, or the type alone")
            return {name: self.type_of(kind, f"the output `{name}` of {where}") for name, kind in fields.items()}
        return {"value": self.type_of(hint, f"what {where} returns")}


def hints_of(thing: Any, where: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except NameError as error:
        raise TraceError(f"{where}: {error}; hints must name what is defined where the file ends") from None


def _is_row(hint: Any) -> bool:
    return typing.is_typeddict(hint) or (
        isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")
    )


def _extra(hint: Any, kind: str) -> tuple[str | None, str]:
    """Range and doc of an annotated hint."""
    found: tuple[str | None, str] = (None, "")
    for each in getattr(hint, "__metadata__", ()):
        match each:
            case Range(low=low, high=high):
                found = (f"{expression(low, kind)}..{expression(high, kind)}", found[1])
            case str():
                found = (found[0], each)
    return found


def _fields(cls: Any) -> dict[str, tuple[Any, Any]] | None:
    """Fields of a record class with hint and default; None if it is none."""
    empty = inspect.Parameter.empty
    if dataclasses.is_dataclass(cls):
        hints = hints_of(cls, f"`{cls}`")
        return {f.name: (hints[f.name], empty if f.default is dataclasses.MISSING else f.default) for f in dataclasses.fields(cls)}  # fmt: skip
    if hasattr(cls, "model_fields"):
        return {
            name: (hint.annotation, empty if hint.is_required() else hint.default)
            for name, hint in cls.model_fields.items()
        }
    if typing.is_typeddict(cls):
        return {name: (hint, empty) for name, hint in hints_of(cls, cls.__name__).items()}
    return None
