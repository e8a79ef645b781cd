"""Expressions and types as frozen records with spans; `econda_edsl.compiler.syntax` gives them all under one name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from econda_edsl.diagnostics import Span


class Syntax(msgspec.Struct, frozen=True, eq=False):
    span: Span


class Name(Syntax, frozen=True, eq=False):
    text: str


# ---- expressions -----------------------------------------------------------------------------------


class Literal(Syntax, frozen=True, eq=False):
    """A constant. `type` is the name of its type; quantities are already integers of their base unit."""

    value: Any
    type: str


class Text(Syntax, frozen=True, eq=False):
    """A string; parts are plain text or the expressions of `{…}`."""

    parts: tuple[str | Expr, ...]

    @property
    def plain(self) -> str | None:
        """The text when nothing is interpolated."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None


class Ref(Syntax, frozen=True, eq=False):
    name: str


class TypeRef(Syntax, frozen=True, eq=False):
    """An Upper name in an expression: a record's constructor or a kind of GPU."""

    name: str


class Member(Syntax, frozen=True, eq=False):
    base: Expr
    name: Name
    optional: bool


class Index(Syntax, frozen=True, eq=False):
    base: Expr
    index: Expr


class Argument(Syntax, frozen=True, eq=False):
    name: Name | None
    value: Expr


class Apply(Syntax, frozen=True, eq=False):
    """`callee(args)`: a task, a prelude function or a record's constructor."""

    callee: Expr
    args: tuple[Argument, ...]


class Unary(Syntax, frozen=True, eq=False):
    """`op` is neg or not."""

    op: str
    operand: Expr


class Binary(Syntax, frozen=True, eq=False):
    """`op` is add sub mul div floor_div mod pow eq ne lt le gt ge and or in not_in coalesce range of."""

    op: str
    left: Expr
    right: Expr


class Conditional(Syntax, frozen=True, eq=False):
    test: Expr
    then: Expr
    otherwise: Expr


class Items(Syntax, frozen=True, eq=False):
    """A list."""

    items: tuple[Expr, ...]


class Comprehension(Syntax, frozen=True, eq=False):
    item: Expr
    variable: Name
    over: Expr
    test: Expr | None


class Fields(Syntax, frozen=True, eq=False):
    """A record; a punned entry `{fit.auc}` already has its name."""

    entries: tuple[tuple[Name, Expr], ...]


class Selector(Syntax, frozen=True, eq=False):
    name: str


Expr: TypeAlias = (
    Literal
    | Text
    | Ref
    | TypeRef
    | Member
    | Index
    | Apply
    | Unary
    | Binary
    | Conditional
    | Items
    | Comprehension
    | Fields
    | Selector
)

# ---- types -----------------------------------------------------------------------------------------


class TypeName(Syntax, frozen=True, eq=False):
    name: str
    args: tuple[TypeExpr, ...] = ()
    module: str | None = None


class TypeOptional(Syntax, frozen=True, eq=False):
    of: TypeExpr


class TypeUnion(Syntax, frozen=True, eq=False):
    members: tuple[TypeExpr, ...]


class TypeLiteral(Syntax, frozen=True, eq=False):
    value: str


TypeExpr: TypeAlias = TypeName | TypeOptional | TypeUnion | TypeLiteral


class Field(Syntax, frozen=True, eq=False):
    """An input, an output or a field of a record: `name: Type in low..high = default`."""

    name: Name
    type: TypeExpr
    range: Expr | None
    default: Expr | None
    doc: str


def parts_of(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions, in source order."""
    match expr:
        case Text(parts=parts):
            return tuple(p for p in parts if not isinstance(p, str))
        case Member(base=base):
            return (base,)
        case Index(base=base, index=index):
            return (base, index)
        case Apply(callee=callee, args=args):
            return (callee, *(a.value for a in args))
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Conditional(test=test, then=then, otherwise=otherwise):
            return (then, test, otherwise)
        case Items(items=items):
            return items
        case Comprehension(item=item, over=over, test=test):
            return (item, over) if test is None else (item, over, test)
        case Fields(entries=entries):
            return tuple(e for _, e in entries)
        case _:
            return ()


def references(expr: Expr, bound: frozenset[str] = frozenset()) -> Iterator[Ref]:
    """The free value names of an expression; a called name is not a value."""
    match expr:
        case Ref(name=name):
            if name not in bound:
                yield expr
        case Comprehension(item=item, variable=variable, over=over, test=test):
            yield from references(over, bound)
            inner = bound | {variable.text}
            yield from references(item, inner)
            if test is not None:
                yield from references(test, inner)
        case Apply(callee=Ref(), args=args):
            for argument in args:
                yield from references(argument.value, bound)
        case _:
            for part in parts_of(expr):
                yield from references(part, bound)
