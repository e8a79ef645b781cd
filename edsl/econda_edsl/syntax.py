"""The program as a tree of frozen records with spans. Nothing from the parser library lives beyond here.

Records compare by identity, so later phases can keep what they learn in dictionaries beside the tree.
Declarations stand here; expressions, types and steps in files of their own, all under the one name `syntax`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from econda_edsl.syntax_expr import (
    Apply,
    Argument,
    Binary,
    Comprehension,
    Conditional,
    Expr,
    Field,
    Fields,
    Index,
    Items,
    Literal,
    Member,
    Name,
    Ref,
    Selector,
    Syntax,
    Text,
    TypeExpr,
    TypeLiteral,
    TypeName,
    TypeOptional,
    TypeRef,
    TypeUnion,
    Unary,
    parts_of,
    references,
)
from econda_edsl.syntax_steps import (
    Arm,
    Assert,
    Bind,
    Block,
    Carry,
    Effect,
    Fail,
    Foreach,
    Gather,
    Next,
    Repeat,
    Return,
    Setting,
    Step,
    When,
)

__all__ = [
    "Alias",
    "Apply",
    "Argument",
    "Arm",
    "Assert",
    "Binary",
    "Bind",
    "Block",
    "Carry",
    "Comprehension",
    "Conditional",
    "Declaration",
    "Effect",
    "Expr",
    "Fail",
    "Field",
    "Fields",
    "Foreach",
    "Gather",
    "Handler",
    "Import",
    "ImportModule",
    "ImportNames",
    "Index",
    "Items",
    "Let",
    "Literal",
    "Member",
    "Name",
    "Next",
    "Pipeline",
    "Policy",
    "Program",
    "Record",
    "Ref",
    "Repeat",
    "Resource",
    "Return",
    "Rule",
    "Run",
    "Selector",
    "Setting",
    "Step",
    "Syntax",
    "Task",
    "Text",
    "TypeExpr",
    "TypeLiteral",
    "TypeName",
    "TypeOptional",
    "TypeRef",
    "TypeUnion",
    "Unary",
    "When",
    "parts_of",
    "references",
]

# ---- declarations ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class ImportModule(Syntax):
    """`import "source" @ "version" as name`."""

    source: Name
    version: Name | None
    name: Name


@dataclass(frozen=True, eq=False, slots=True)
class ImportNames(Syntax):
    """`from "source" @ "version" import a, b as c`: pairs of the name there and the name here."""

    source: Name
    version: Name | None
    symbols: tuple[tuple[Name, Name], ...]


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
    """A task, or an operator: a task that keeps `state` from run to run."""

    name: Name
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    settings: tuple[Setting, ...]
    needs: tuple[Setting, ...]
    where: tuple[Expr, ...]
    runs: tuple[Run, ...]
    doc: str
    state: tuple[Field, ...] = ()
    operator: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Handler(Syntax):
    """`on failure:` and its like: what still runs when a pipeline has ended so."""

    name: Name
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Pipeline(Syntax):
    name: Name
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    settings: tuple[Setting, ...]
    body: Block
    handlers: tuple[Handler, ...]
    doc: str


@dataclass(frozen=True, eq=False, slots=True)
class Resource(Syntax):
    """`kind` is pool, connector, secret or trigger."""

    kind: str
    name: Name
    driver: Name
    settings: tuple[Setting, ...]
    doc: str


@dataclass(frozen=True, eq=False, slots=True)
class Rule(Syntax):
    """`kind` is scope, forbid, require, minimize or maximize; `then` marks a later objective."""

    kind: str
    expr: Expr
    because: Text | None
    then: bool


@dataclass(frozen=True, eq=False, slots=True)
class Policy(Syntax):
    name: Name
    extends: Name | None
    rules: tuple[Rule, ...]
    settings: tuple[Setting, ...]
    doc: str


Import: TypeAlias = ImportModule | ImportNames
Declaration: TypeAlias = Let | Alias | Record | Task | Pipeline | Resource | Policy | ImportModule | ImportNames


@dataclass(frozen=True, slots=True)
class Program:
    edition: int
    declarations: tuple[Declaration, ...]
