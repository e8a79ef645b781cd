"""Constants computed at compile time: `let`, defaults, ranges, settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.infer import Inference
from econda_edsl.compiler.expressions.inlining import LARGEST, inlined
from econda_edsl.compiler.expressions.lower import Lowering, is_static
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics.spelling import bounded
from econda_edsl.evaluate import Budget, EvaluationError, evaluate

LARGEST_CONSTANT = 200_000


class Missing:
    """No value: the reason is already reported."""


MISSING = Missing()


@dataclass(slots=True)
class Constants:
    """Evaluates expressions that depend on constants only; `hollow` are those in which an empty list stands."""

    inference: Inference
    lowering: Lowering
    budget: Budget = field(default_factory=Budget)
    hollow: set[str] = field(default_factory=set)

    def bring(self, name: str, other: Constants, there: str) -> None:
        """Take over a constant of another module, known there as `there`."""
        self.inference.lets[name] = other.inference.lets.get(there, t.UNKNOWN)
        self.lowering.weights[name] = other.lowering.weights.get(there, 1)
        self.lowering.lets[name] = other.lowering.lets.get(there)
        if there in other.hollow:
            self.hollow.add(name)

    @bounded()
    def lets(self, tables: Tables, order: Sequence[str]) -> None:
        """Compute all constants and functions of the module in an order in which each comes after what it needs."""
        for name in order:
            if name in tables.homes:
                continue
            if name in tables.pure_functions:
                self.function(tables.pure_functions[name])
                continue
            d = tables.lets[name]
            wanted = tables.fields.get(d)
            before = len(self.inference.diagnostics)
            found = self.inference.require(d.expr, wanted or t.UNKNOWN, {}, f"`{name}`")
            value = self.compute(d.expr)
            hollow = wanted is None and self.holds_nothing(d.expr)
            if hollow:
                self.hollow.add(name)
            silent = isinstance(value, Missing) and len(self.inference.diagnostics) == before
            if silent and hollow and self.whole(d.expr):
                help_ = "give the list a type first: `let name: List[Int] = []`"
                message = "this constant cannot be computed: the elements of an empty list have no type"
                self.inference.report("E0315", message, d.expr.span, "no value", help_)
            self.lowering.weights[name] = _count(value, LARGEST_CONSTANT)
            self.inference.lets[name] = (wanted or found) if not isinstance(value, Missing) else t.UNKNOWN
            self.lowering.lets[name] = None if isinstance(value, Missing) else value

    def function(self, d: s.Function) -> None:
        """Check a function that `let` names, and keep its expression as the plan has it."""
        name, before = d.name.text, len(self.inference.diagnostics)
        tables = self.inference.tables
        for f in d.inputs:
            if f.range is not None:
                help_ = (
                    "a function is written out where it is called; give the range to the inputs of a task or a pipeline"
                )
                self.inference.report("E0307", "an input of a function has no range", f.range.span, "not kept", help_)
        self.inference.require(d.expr, tables.fields[d], tables.inputs(d), f"`{name}`")
        defaults = [None if f.default is None else self.value(f.default, tables.fields[f], f"the default of `{f.name.text}`") for f in d.inputs]  # fmt: skip
        # What is not typed calls a function that has an error itself.
        sound = len(self.inference.diagnostics) == before and self.typed(d.expr)
        if sound and not any(isinstance(each, Missing) for each in defaults):
            inputs = [
                (f.name.text, None if f.default is None else {"lit": each}) for f, each in zip(d.inputs, defaults)
            ]
            found = inlined(name, tuple(inputs), self.lowering.lower(d.expr))
            if found.parts <= LARGEST:
                self.lowering.functions[name] = found
                return
            message = f"`{name}` has {found.parts:,} parts with all that it calls written out; the most are {LARGEST:,}"
            self.inference.report("E0705", message, d.name.span, "too large", "compute it in a task")
        self.inference.unsound.add(name)

    def bring_function(self, name: str, other: Constants, there: str) -> None:
        """Take over a function of another module, known there as `there`."""
        if there in other.lowering.functions:
            self.lowering.functions[name] = other.lowering.functions[there]
        else:
            self.inference.unsound.add(name)

    def holds_nothing(self, expr: s.Expr) -> bool:
        """Whether an empty list stands in an expression, or a constant in which one does."""
        match expr:
            case s.Items(items=()):
                return True
            case s.Ref(name=name):
                return name in self.hollow
            case _:
                return any(self.holds_nothing(part) for part in s.parts_of(expr))

    def whole(self, expr: s.Expr) -> bool:
        """Whether an expression is made of constants that have values themselves, and of nothing unknown."""
        if not is_static(expr, self.lowering) or not self.declared(expr):
            return False
        return all(self.inference.lets[r.name].known for r in s.references(expr))

    def declared(self, expr: s.Expr) -> bool:
        """Whether every Upper name makes a record."""
        if isinstance(expr, s.TypeRef):
            return False
        parts = s.parts_of(expr)
        if isinstance(expr, s.Apply) and isinstance(expr.callee, s.TypeRef):
            return expr.callee.name in self.inference.tables.named and all(map(self.declared, parts[1:]))
        return all(map(self.declared, parts))

    def value(self, expr: s.Expr, wanted: Type, what: str) -> Any:
        """The value of a setting, default or bound; `MISSING` after reporting why there is none."""
        before = len(self.inference.diagnostics)
        if not is_static(expr, self.lowering):
            for ref in s.references(expr):
                self.inference.refuse_secret(ref)
            reported = {d.span for d in self.inference.diagnostics}
            if not any(ref.span in reported for ref in s.references(expr)):
                help_ = "use a literal, or a `let` made of literals"
                self.inference.report("E0308", f"{what} is a constant", expr.span, "depends on a run", help_)
            return MISSING
        found = self.inference.require(expr, wanted, {}, what)
        if len(self.inference.diagnostics) > before or not found.known:
            return MISSING
        return self.compute(expr)

    def compute(self, expr: s.Expr) -> Any:
        """Evaluate a checked constant expression."""
        if not self.sound(expr):
            return MISSING
        try:
            value = evaluate(self.lowering.lower(expr), {}, self.budget)
        except EvaluationError as error:
            self.inference.report("E0315", f"this constant cannot be computed: {error}", expr.span, "no value")
            return MISSING
        weight = _count(value, LARGEST_CONSTANT)
        if weight > LARGEST_CONSTANT:
            help_ = "compute it in a task, or read it from a file"
            message = f"this constant has more than {LARGEST_CONSTANT:,} values"
            self.inference.report("E0705", message, expr.span, "too large", help_)
            return MISSING
        return value

    def sound(self, expr: s.Expr) -> bool:
        """Whether an expression and all its parts have types, and it is made of constants."""
        return is_static(expr, self.lowering) and self.typed(expr)

    def typed(self, expr: s.Expr) -> bool:
        if isinstance(expr, s.TypeRef):
            return False
        if isinstance(expr, s.Ref | s.Selector):
            return True
        found = self.inference.types.get(expr)
        empty = isinstance(expr, s.Items) and not expr.items
        known = found is not None and (found.known or empty or isinstance(expr, s.Selector | s.Index))
        callee = expr.callee if isinstance(expr, s.Apply) else None
        return known and all(self.typed(part) for part in s.parts_of(expr) if part is not callee)


def _count(value: Any, limit: int) -> int:
    """How many scalars a value holds; stops counting past the limit."""
    total, stack = 0, [value]
    while stack and total <= limit:
        item = stack.pop()
        if isinstance(item, list):
            total += 1
            stack.extend(item)
        elif isinstance(item, dict):
            total += 1
            stack.extend(item.values())
        else:
            total += 1 + (len(item) // 64 if isinstance(item, str) else 0)
    return total
