"""Expressions of the program to expressions of the plan; types decide which operator computes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.inlining import Inlined
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types import operators
from econda_edsl.diagnostics import Span
from econda_edsl.evaluate.limits import LARGEST
from econda_edsl.plan import Expr
from econda_edsl.words import prelude

PLAN_CONSTANTS = 1_000_000
_OF_TIMES = {("date", t.INSTANT): "day_of", ("instant", t.DATE): "start_of"}
"""Functions that read text, and what they are of a time."""


class PlanTooLarge(Exception):
    """The constants of a program, written out wherever they are used, are too many values for a plan."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


@dataclass(slots=True)
class Lowering:
    """`types` is complete for every expression given; `lets` holds the values of constants, `functions` those
    that `let` names, without those that have errors.

    Constants are written into the plan wherever they are used; `room` is how many values may still be.
    """

    tables: Tables
    types: Mapping[s.Expr, t.Type]
    lets: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    words: AbstractSet[s.Expr] = frozenset()
    room: int | None = None
    functions: dict[str, Inlined] = field(default_factory=dict)

    def lower(self, expr: s.Expr) -> Expr:
        match expr:
            case s.Literal(value=value):
                return {"lit": value}
            case s.Text():
                return self.text(expr)
            case s.Ref(name=name):
                if expr in self.words:
                    return {"lit": name}
                return self.constant(expr, name) if name in self.lets else {"var": name}
            case s.Member():
                return self.member(expr)
            case s.Index(base=base, index=index):
                form = "lookup" if self.types.get(base, t.UNKNOWN).kind == "labels" else "index"
                return {form: [self.lower(base), self.lower(index)]}
            case s.Apply():
                return self.apply(expr)
            case s.Unary(op=op, operand=operand):
                inner = self.lower(operand)
                negative = op == "neg" and "lit" in inner and inner["lit"] != -LARGEST - 1
                return {"lit": -inner["lit"]} if negative else {op: inner}
            case s.Binary():
                return self.binary(expr)
            case s.Conditional(test=test, then=then, otherwise=otherwise):
                return {"cond": [self.lower(test), self.lower(then), self.lower(otherwise)]}
            case s.Items(items=items):
                return _constant("list", [self.lower(i) for i in items])
            case s.Comprehension():
                return self.comprehension(expr)
            case s.Fields(entries=entries):
                lowered = {name.text: self.lower(value) for name, value in entries}
                return _constant_record(lowered)
            case s.Selector(name=name):
                return {"lit": name}
            case s.TypeRef(name=name):
                return {"lit": {"type": name, "fields": self.columns(self.tables.named[name])}}

    def columns(self, record: t.Type) -> dict[str, str]:
        """Names and types of a record's fields, for operators that take a type: `as = Order`."""
        return {name: kind.label for name, kind in record.fields.items()}

    def constant(self, expr: s.Ref, name: str) -> Expr:
        self.take_room(self.weights.get(name, 1), expr.span)
        return {"lit": self.lets[name]}

    def take_room(self, parts: int, span: Span) -> None:
        """So many values or parts are written into the plan. Raises `PlanTooLarge`."""
        if self.room is not None:
            self.room -= parts
            if self.room < 0:
                raise PlanTooLarge(span)

    def text(self, expr: s.Text) -> Expr:
        if expr.plain is not None:
            return {"lit": expr.plain}
        return {"format": [{"lit": p} if isinstance(p, str) else self.shown(p) for p in expr.parts]}

    def shown(self, expr: s.Expr) -> Expr:
        """An expression as text; strings stand for themselves."""
        found = self.types.get(expr, t.UNKNOWN)
        if found == t.STRING or found.kind == "choice":
            return self.lower(expr)
        return {"show": [self.lower(expr), _shown_as(found)]}

    def member(self, expr: s.Member) -> Expr:
        base, name = self.lower(expr.base), expr.name.text
        if self.types.get(expr.base, t.UNKNOWN).kind == "labels":
            return {"lookup": [base, {"lit": name}]}
        get = "opt_get" if expr.optional else "get"
        if t.is_artifact(self.types.get(expr.base, t.UNKNOWN).inner):
            if name != "size":
                return {"opt_named" if expr.optional else "named": [base, name]}
            base = {get: [base, "$artifact"]}
        return {get: [base, name]}

    def apply(self, expr: s.Apply) -> Expr:
        if isinstance(expr.callee, s.TypeRef):
            return self.construct(expr, expr.callee.name)
        name = expr.callee.name if isinstance(expr.callee, s.Ref) else ""
        if name in self.tables.pure_functions:
            return self.written_out(expr, name)
        if name in self.tables.functions:
            return self.constructed(expr, self.tables.functions[name])
        if name == "str":
            return self.shown(expr.args[0].value)
        if name == "keys" and (record := self.types[expr.args[0].value]).kind == "record":
            return {"lit": sorted(record.fields)}
        result = self.types[expr]
        if name == "mean" and result.label in t.QUANTITIES:
            name = "mean_whole"
        args = [self.lower(a.value) for a in expr.args if a.name is None]
        first = self.types[expr.args[0].value]
        if name == "format":
            args.append({"lit": _shown_as(first)})
        elif (name, first) in _OF_TIMES:
            name = _OF_TIMES[name, first]
        options = {a.name.text: self.lower(a.value) for a in expr.args if a.name is not None}
        return {"call": [name, args, options]}

    def written_out(self, expr: s.Apply, name: str) -> Expr:
        """The expression of a function that `let` names, with the arguments in place of its inputs."""
        function = self.functions[name]
        self.take_room(function.parts, expr.callee.span)
        args = dict(zip((each for each, _ in function.inputs), (a for a in expr.args if a.name is None), strict=False))
        args |= {a.name.text: a for a in expr.args if a.name is not None}
        return function.called({key: self.lower(argument.value) for key, argument in args.items()})

    def constructed(self, expr: s.Apply, function: s.Task) -> Expr:
        """A value made by a function of a package: a record that tells its kind."""
        fields: dict[str, Expr] = {"kind": {"lit": function.name.text}}
        for f, argument in zip(function.inputs, expr.args, strict=False):
            if argument.name is None:
                fields[f.name.text] = self.lower(argument.value)
        fields |= {a.name.text: self.lower(a.value) for a in expr.args if a.name is not None}
        for f in function.inputs:
            if f.name.text not in fields:
                fields[f.name.text] = {"lit": self.tables.facts.defaults.get(f)}
        return _constant_record(fields)

    def construct(self, expr: s.Apply, name: str) -> Expr:
        declared = self.tables.record_syntax[name].fields
        given: dict[str, Expr] = {}
        for f, argument in zip(declared, expr.args, strict=False):
            if argument.name is None:
                given[f.name.text] = self.lower(argument.value)
        given |= {a.name.text: self.lower(a.value) for a in expr.args if a.name is not None}
        for f in declared:
            if f.name.text not in given:
                given[f.name.text] = {"lit": self.tables.facts.defaults.get(f)}
        return _constant_record({f.name.text: given[f.name.text] for f in declared})

    def binary(self, expr: s.Binary) -> Expr:
        a, b = self.lower(expr.left), self.lower(expr.right)
        if expr.op == "not_in":
            return {"not": {"in": [a, b]}}
        if expr.op not in operators.SIGNS:
            return {expr.op: [a, b]}
        outcome = operators.arithmetic(expr.op, self.types[expr.left], self.types[expr.right])
        assert outcome is not None, expr.op
        return {outcome.form: [b, a] if outcome.swap else [a, b]}

    def comprehension(self, expr: s.Comprehension) -> Expr:
        body: dict[str, Any] = {
            "var": expr.variable.text,
            "in": self.lower(expr.over),
            "of": self.lower(expr.item),
        }
        if expr.test is not None:
            body["if"] = self.lower(expr.test)
        return {"comp": body}


def _shown_as(found: t.Type) -> str:
    """The name of the type by which a value is written."""
    return found.inner.label if found.inner.label in t.BUILTIN else "String"


def is_static(expr: s.Expr, lowering: Lowering) -> bool:
    """Whether a value depends on nothing but constants."""
    known: Collection[str] = prelude.FUNCTIONS
    if lowering.tables.functions or lowering.functions:
        known = {*known, *lowering.tables.functions, *lowering.functions}
    return all(ref.name in lowering.lets for ref in s.references(expr)) and not _calls_tasks(expr, known)


def _calls_tasks(expr: s.Expr, functions: Collection[str]) -> bool:
    if isinstance(expr, s.Apply) and isinstance(expr.callee, s.Ref) and expr.callee.name not in functions:
        return True
    return any(_calls_tasks(part, functions) for part in s.parts_of(expr))


def _constant(form: str, items: list[Expr]) -> Expr:
    if all("lit" in item for item in items):
        return {"lit": [item["lit"] for item in items]}
    return {form: items}


def _constant_record(fields: dict[str, Expr]) -> Expr:
    if all("lit" in value for value in fields.values()):
        return {"lit": {name: value["lit"] for name, value in fields.items()}}
    return {"record": fields}
