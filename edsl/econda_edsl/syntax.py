"""The program as a tree of frozen records with spans. Nothing from the parser library lives beyond here.

Records compare by identity, so later phases can keep what they learn in dictionaries beside the tree.
"""

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


# ---- steps -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Setting(Syntax):
    name: Name
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Block(Syntax):
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Bind(Syntax):
    name: Name
    expr: Expr
    after: tuple[Name, ...]
    settings: tuple[Setting, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Effect(Syntax):
    expr: Expr
    after: tuple[Name, ...]
    settings: tuple[Setting, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Foreach(Syntax):
    name: Name | None
    over: tuple[tuple[Name, Expr], ...]
    up_to: Expr | None
    settings: tuple[Setting, ...]
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Arm(Syntax):
    test: Expr | None
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class When(Syntax):
    arms: tuple[Arm, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Carry(Syntax):
    name: Name
    type: TypeExpr
    start: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Next(Syntax):
    name: Name
    expr: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Repeat(Syntax):
    up_to: Expr
    carries: tuple[Carry, ...]
    nexts: tuple[Next, ...]
    body: Block
    until: Expr
    fail: Text | None


@dataclass(frozen=True, eq=False, slots=True)
class Return(Syntax):
    entries: tuple[tuple[Name, Expr], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Gather(Syntax):
    expr: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Assert(Syntax):
    expr: Expr
    message: Text | None


@dataclass(frozen=True, eq=False, slots=True)
class Fail(Syntax):
    message: Text


Step: TypeAlias = Bind | Effect | Foreach | When | Repeat | Return | Gather | Assert | Fail

# ---- declarations ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Let(Syntax):
    name: Name
    type: TypeExpr | None
    expr: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Alias(Syntax):
    name: Name
    type: TypeExpr


@dataclass(frozen=True, eq=False, slots=True)
class Record(Syntax):
    name: Name
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Run(Syntax):
    """How a task executes: exactly one of `body` (inline code) and `target` (a file or an image)."""

    language: Name
    body: str | None
    target: Text | None


@dataclass(frozen=True, eq=False, slots=True)
class Task(Syntax):
    name: Name
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    settings: tuple[Setting, ...]
    needs: tuple[Setting, ...]
    where: tuple[Expr, ...]
    runs: tuple[Run, ...]
    doc: str


@dataclass(frozen=True, eq=False, slots=True)
class Pipeline(Syntax):
    name: Name
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    settings: tuple[Setting, ...]
    body: Block
    handlers: tuple[Name, ...]
    doc: str


@dataclass(frozen=True, eq=False, slots=True)
class Unsupported(Syntax):
    """A declaration of the language that this version does not implement."""

    what: str


Declaration: TypeAlias = Let | Alias | Record | Task | Pipeline | Unsupported


@dataclass(frozen=True, slots=True)
class Program:
    edition: int
    declarations: tuple[Declaration, ...]


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
