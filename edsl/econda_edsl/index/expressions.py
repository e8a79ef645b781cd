"""References in expressions and types."""

from __future__ import annotations

from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics import Span
from econda_edsl.index.fields import FieldTable
from econda_edsl.index.foreign import fill_imported
from econda_edsl.index.symbols import WHOLE_FILE, Index, Reference, Scope, Symbol
from econda_edsl.words import prelude

Names = dict[str, Symbol]


@dataclass(slots=True)
class Expressions:
    """`frames` are the names in scope, outermost first; `top` the declarations, types among them."""

    checked: Checked
    lines: list[str]
    index: Index = field(default_factory=Index)
    fields: FieldTable = field(default_factory=FieldTable)
    top: Names = field(default_factory=dict)
    frames: list[Names] = field(default_factory=list)
    within: Symbol | None = None
    made: dict[s.Fields, Names] = field(default_factory=dict)

    def type_of(self, expr: s.Expr) -> Type:
        return self.checked.inference.types.get(expr, t.UNKNOWN)

    # ---- making symbols and references

    def define(
        self, name: s.Name, kind: str, syntax: s.Syntax, scope: Scope | None, *, type_: Type = t.UNKNOWN, doc: str = ""
    ) -> Symbol:
        within = None if scope is WHOLE_FILE else self.within
        symbol = Symbol(name.text, kind, [name.span], scope, type_, doc, within, syntax)
        self.index.add(symbol)
        self.index.references.append(Reference(name.span, symbol, binds=True, type=type_))
        return symbol

    def built_in(self, name: str, type_: Type) -> Symbol:
        """A name that is there without being written, such as `attempt`."""
        return Symbol(name, "built-in", [Span(0, 0, 0, 0)], None, type_)

    def refer(
        self, span: Span, symbol: Symbol | None, type_: Type = t.UNKNOWN, label: tuple[Span, str] | None = None
    ) -> None:
        if symbol is not None:
            kept = type_ if type_.known else symbol.type
            self.index.references.append(Reference(span, symbol, label=label, type=kept))

    def find(self, name: str) -> Symbol | None:
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return self.top.get(name)

    # ---- expressions

    def expr(self, expr: s.Expr, label: tuple[Span, str] | None = None) -> None:
        match expr:
            case s.Ref(name=name) | s.TypeRef(name=name):
                self.named(expr, name, label)
            case s.Member(base=base, name=name):
                self.expr(base)
                self.refer(name.span, self.fields.of(self.type_of(base)).get(name.text), self.type_of(expr), label)
            case s.Apply():
                self.call(expr)
            case s.Comprehension(variable=variable):
                self.expr(expr.over)
                scope = Scope(expr.span.line, expr.span.end_line, -1)
                symbol = self.define(variable, "element", expr, scope, type_=self.type_of(expr.over).element)
                self.frames.append({variable.text: symbol})
                for part in (expr.item, expr.test):
                    if part is not None:
                        self.expr(part)
                self.frames.pop()
            case s.Fields():
                self.record(expr)
            case _:
                for part in s.parts_of(expr):
                    self.expr(part)

    def named(self, expr: s.Ref | s.TypeRef, name: str, label: tuple[Span, str] | None = None) -> None:
        """A name, or one through a module: `ml.suggest`."""
        span = expr.span
        module, dot, inner = name.partition(".")
        if not dot:
            self.refer(span, self.find(name), self.type_of(expr), label)
            return
        symbol = self.find(module)
        self.refer(Span(span.line, span.column, span.line, span.column + len(module)), symbol)
        if symbol is not None:
            end = Span(span.end_line, span.end_column - len(inner), span.end_line, span.end_column)
            self.refer(end, self.through(symbol, inner), self.type_of(expr))

    def through(self, module: Symbol, name: str) -> Symbol:
        """The symbol that stands for a name of a module: one for each, so that all its uses are found."""
        full = f"{module.name}.{name}"
        if full not in self.top:
            source = module.origin[0] if module.origin else module.name
            symbol = Symbol(name, "imported name", [module.span], None, within=module, origin=(source, name))
            self.top[full] = symbol
            self.imported(symbol, full)
        return self.top[full]

    def imported(self, symbol: Symbol, name: str) -> None:
        """Know an imported declaration, under the name it has here, and its parts."""
        parts = fill_imported(symbol, name, self.checked)
        for part in parts:
            self.index.add(part)
        if symbol.kind == "type" and symbol.type.named:
            self.fields.name(symbol.type.label, {part.name: part for part in parts})

    def call(self, expr: s.Apply) -> None:
        callee = expr.callee
        inputs: Names = {}
        if isinstance(callee, s.Ref | s.TypeRef):
            if "." in callee.name:
                self.named(callee, callee.name)
            called = self.top.get(callee.name)
            # A step may have the name of the task it calls, so what is called is looked up among declarations only.
            if called is not None and "." not in callee.name:
                self.refer(callee.span, called, self.type_of(expr))
            elif called is None and callee.name not in prelude.FUNCTIONS:
                self.named(callee, callee.name)
            if called is not None and isinstance(called.syntax, s.Task | s.Pipeline | s.Function):
                inputs = {p.name: p for p in self.index.parts(called) if p.kind == "input"}
            elif isinstance(callee, s.TypeRef):
                inputs = self.fields.of(self.checked.tables.records.get(callee.name, t.UNKNOWN))
        else:
            self.expr(callee)
        first = expr.args[0].value if expr.args else None
        for argument in expr.args:
            if argument.name is not None:
                self.refer(argument.name.span, inputs.get(argument.name.text))
            if isinstance(argument.value, s.Selector) and first is not None:
                found = self.fields.of(self.type_of(first).element).get(argument.value.name)
                span = argument.value.span
                self.refer(
                    Span(span.line, span.end_column - len(argument.value.name), span.line, span.end_column), found
                )
            else:
                self.expr(argument.value)

    def record(self, expr: s.Fields) -> None:
        made = self.entries(expr)
        for symbol in made.values():
            self.index.add(symbol)
        for name, value in expr.entries:
            # `{fit.auc}`: the entry's name is a part of its expression.
            if name.span.line == value.span.line and name.span.column >= value.span.column:
                self.expr(value, (value.span, name.text))
            else:
                symbol = made[name.text]
                self.index.references.append(Reference(name.span, symbol, binds=True, type=symbol.type))
                self.expr(value)

    def entries(self, expr: s.Fields) -> Names:
        """The symbols of a record's entries."""
        made = self.made.get(expr)
        if made is None:
            made = self.made[expr] = {}
            for name, value in expr.entries:
                made[name.text] = Symbol(name.text, "field", [name.span], None, self.type_of(value), syntax=expr)
            self.fields.keep(self.type_of(expr), made)
        return made

    def declared_as(self, name: str) -> Symbol | None:
        """The declaration of that name, through a module or not."""
        module, dot, inner = name.partition(".")
        if dot and module in self.top:
            return self.through(self.top[module], inner)
        return self.top.get(name)

    def learn_fields(self) -> None:
        """Know the fields of all values before any is read: a step may stand below those that use it."""
        for expr in self.checked.inference.types:
            if isinstance(expr, s.Fields):
                self.entries(expr)
            elif isinstance(expr, s.Apply) and isinstance(expr.callee, s.Ref):
                called = self.declared_as(expr.callee.name)
                if called is not None and isinstance(called.syntax, s.Task | s.Pipeline):
                    outputs = {p.name: p for p in self.index.parts(called) if p.kind == "output"}
                    self.fields.keep(self.type_of(expr), outputs)

    # ---- types

    def written_type(self, expr: s.TypeExpr | None) -> None:
        match expr:
            case s.TypeName(name=name, args=args):
                self.type_name(expr, name)
                for argument in args:
                    self.written_type(argument)
            case s.TypeOptional(of=of):
                self.written_type(of)
            case s.TypeUnion(members=members):
                for member in members:
                    self.written_type(member)
            case _:
                pass

    def type_name(self, expr: s.TypeName, name: str) -> None:
        span = expr.span
        if expr.module is None:
            self.refer(Span(span.line, span.column, span.line, span.column + len(name)), self.top.get(name))
            return
        symbol = self.find(expr.module)
        after = span.column + len(expr.module)
        self.refer(Span(span.line, span.column, span.line, after), symbol)
        if symbol is not None:
            self.refer(Span(span.line, after + 1, span.line, after + 1 + len(name)), self.through(symbol, name))
