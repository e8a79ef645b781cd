"""Expressions and types as frozen records with spans; `econda_edsl.compiler.syntax` gives them all under one name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from econda_edsl.diagnostics import Span


@dataclass(frozen=True, eq=False, slots=True)
class Syntax:
    span: Span


@dataclass(frozen=True, eq=False, slots=True)
class Name(Syntax):
    text: str


# ---- expressions -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Literal(Syntax):
    """A constant. `type` is the name of its type; quantities are already integers of their base unit."""

    value: Any
    type: str


@dataclass(frozen=True, eq=False, slots=True)
class Text(Syntax):
    """A string; parts are plain text or the expressions of `{…}`."""

    parts: tuple[str | Expr, ...]

    @property
    def plain(self) -> str | None:
        """The text when nothing is interpolated."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None


@dataclass(frozen=True, eq=False, slots=True)
class Ref(Syntax):
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class TypeRef(Syntax):
    """An Upper name in an expression: a record's constructor or a kind of GPU."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Member(Syntax):
    base: Expr
    name: Name
    optional: bool


@dataclass(frozen=True, eq=False, slots=True)
class Index(Syntax):
    base: Expr
    index: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Argument(Syntax):
    name: Name | None
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Apply(Syntax):
    """`callee(args)`: a task, a prelude function or a record's constructor."""

    callee: Expr
    args: tuple[Argument, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Unary(Syntax):
    """`op` is neg or not."""

    op: str
    operand: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Binary(Syntax):
    """`op` is add sub mul div pow eq ne lt le gt ge and or in not_in coalesce range of."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Conditional(Syntax):
    test: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Items(Syntax):
    """A list."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Comprehension(Syntax):
    item: Expr
    variable: Name
    over: Expr
    test: Expr | None


@dataclass(frozen=True, eq=False, slots=True)
class Fields(Syntax):
    """A record; a punned entry `{fit.auc}` already has its name."""

    entries: tuple[tuple[Name, Expr], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Selector(Syntax):
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


@dataclass(frozen=True, eq=False, slots=True)
class TypeName(Syntax):
    name: str
    args: tuple[TypeExpr, ...] = ()
    module: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class TypeOptional(Syntax):
    of: TypeExpr


@dataclass(frozen=True, eq=False, slots=True)
class TypeUnion(Syntax):
    members: tuple[TypeExpr, ...]


@dataclass(frozen=True, eq=False, slots=True)
class TypeLiteral(Syntax):
    value: str


TypeExpr: TypeAlias = TypeName | TypeOptional | TypeUnion | TypeLiteral


@dataclass(frozen=True, eq=False, slots=True)
class Field(Syntax):
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
