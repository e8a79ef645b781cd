"""Ranges checked: their bounds, and that constants lie within them wherever they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.bundled_files import bundled, check_bundled
from econda_edsl.compiler.expressions.constants import MISSING, Constants
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.resolve.tables import Facts
from econda_edsl.compiler.types import model as t


def _is_range(expr: s.Expr) -> TypeGuard[s.Binary]:
    return isinstance(expr, s.Binary) and expr.op == "range"


def range_bounds(f: s.Field, wanted: t.Type, constants: Constants) -> tuple[float | int | None, float | int | None]:
    """The inclusive bounds of `in low..high`, each None when there is none."""
    inference = constants.inference
    if f.range is None:
        return None, None
    if not _is_range(f.range):
        inference.report("E0307", "a range is `low..high`", f.range.span, "not a range", "for example `in 1..10`")
        return None, None
    if not t.is_number(wanted) and wanted.label not in t.QUANTITIES:
        if wanted.known:
            inference.report("E0307", f"{wanted.label} has no range", f.range.span, "only numbers and quantities")
        return None, None
    low = constants.value(f.range.left, wanted, "the lower bound")
    high = constants.value(f.range.right, wanted, "the upper bound")
    if low is MISSING or high is MISSING:
        return None, None
    if low > high:
        inference.report("E0307", "this range is empty", f.range.span, "the lower bound is above the upper")
    return low, high


def check_inputs(fields: tuple[s.Field, ...], constants: Constants, files: Mapping[str, bytes] | None = None) -> None:
    """Ranges and defaults of a signature or a record; those of pipelines may name `files` of the bundle."""
    for f in fields:
        wanted = constants.inference.tables.fields.get(f, t.UNKNOWN)
        low, high = constants.inference.tables.facts.bounds[f] = range_bounds(f, wanted, constants)
        if f.default is None:
            continue
        if files is not None and bundled(f) is not None:
            check_bundled(constants.inference, f, files)
            continue
        if isinstance(f.default, s.Binary) and f.default.op == "in" and _is_range(f.default.right):
            help_ = "write `name: Type in low..high = default`"
            constants.inference.report(
                "E0307", "a range stands before the default", f.default.span, "the other way round", help_
            )
            continue
        value = constants.value(f.default, wanted, f"the default of `{f.name.text}`")
        constants.inference.tables.facts.defaults[f] = None if value is MISSING else value
        check_range(constants.inference, f, f.default, value, (low, high))


def check_range(inference: Inference, f: s.Field, at: s.Expr, value: object, bounds: tuple[Any, Any]) -> None:
    if not _lies_within(value, bounds):
        line = f.name.span.line
        message = f"this value is outside the range of `{f.name.text}`"
        inference.report("E0307", message, at.span, "out of range", f"the range is declared on line {line}")


def _lies_within(value: object, bounds: tuple[Any, Any]) -> bool:
    low, high = bounds
    return not isinstance(value, int | float) or low is None or high is None or low <= value <= high


def check_given(fields: tuple[s.Field, ...], given: Mapping[str, s.Expr], constants: Constants) -> None:
    """Constant values lie in the ranges of what they are given to; others are checked when they are known."""
    for f in fields:
        expr = given.get(f.name.text)
        if f.range is None or expr is None or not constants.sound(expr):
            continue
        bounds = constants.inference.tables.facts.bounds.get(f, (None, None))
        check_range(constants.inference, f, expr, constants.compute(expr), bounds)


def check_fields(constants: Constants) -> None:
    """Constants that records are made of lie in the ranges of their fields, whether a record is called by its name."""
    for record, given in constants.inference.made:
        check_given(record.fields, given, constants)
    for expr, wanted in constants.inference.converted:
        _converted(expr, wanted.inner, constants)


def _converted(expr: s.Expr, wanted: t.Type, constants: Constants) -> None:
    """An expression of another type where a record is wanted, or what has records inside."""
    match expr:
        case s.Fields(entries=entries) if wanted.kind == "record":
            record = constants.inference.tables.facts.records.get(wanted.label)
            if record is not None:
                check_given(record.fields, {name.text: value for name, value in entries}, constants)
            for name, value in entries:
                _converted(value, wanted.fields.get(name.text, t.UNKNOWN).inner, constants)
        case s.Fields(entries=entries) if wanted.kind == "map":
            for _, value in entries:
                _converted(value, wanted.args[1].inner, constants)
        case s.Items(items=items):
            for item in items:
                _converted(item, wanted.element.inner, constants)
        case s.Comprehension(item=item):
            _converted(item, wanted.element.inner, constants)
        case s.Conditional(then=one, otherwise=other) | s.Binary(op="coalesce", left=one, right=other):
            _converted(one, wanted, constants)
            _converted(other, wanted, constants)
        case _ if wanted.kind in t.COMPOSITE and constants.sound(expr):
            facts = constants.inference.tables.facts
            outside = _outside(constants.compute(expr), wanted, facts)
            if outside is not None:
                f, value = outside
                check_range(constants.inference, f, expr, value, facts.bounds[f])


def _outside(value: Any, wanted: t.Type, facts: Facts) -> tuple[s.Field, Any] | None:
    """The first field of a constant value, however deep, that does not lie in its range, and what it is."""
    inside: list[tuple[Any, t.Type]] = []
    if wanted.kind == "record" and isinstance(value, dict):
        record = facts.records.get(wanted.label)
        for f in record.fields if record is not None else ():
            if not _lies_within(value.get(f.name.text), facts.bounds.get(f, (None, None))):
                return f, value[f.name.text]
        inside = [(value.get(name), kind.inner) for name, kind in wanted.fields.items()]
    elif wanted.kind == "map" and isinstance(value, dict):
        inside = [(each, wanted.args[1].inner) for each in value.values()]
    elif wanted.kind == "list" and isinstance(value, list):
        inside = [(each, wanted.element.inner) for each in value]
    return next((found for each, kind in inside if (found := _outside(each, kind, facts))), None)
