"""Declarations as frozen records with spans."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from econda_edsl.compiler.syntax.expressions import Expr, Field, Name, Syntax, Text, TypeExpr
from econda_edsl.compiler.syntax.steps import Block, Setting


class ImportModule(Syntax, frozen=True, eq=False):
    """`import "source" @ "version" as name`."""

    source: Name
    version: Name | None
    name: Name


class ImportNames(Syntax, frozen=True, eq=False):
    """`from "source" @ "version" import a, b as c`: pairs of the name there and the name here."""

    source: Name
    version: Name | None
    symbols: tuple[tuple[Name, Name], ...]


class Let(Syntax, frozen=True, eq=False):
    name: Name
    type: TypeExpr | None
    expr: Expr


class Function(Syntax, frozen=True, eq=False):
    """`let name(inputs): type = expr`: an expression with a name, written out wherever it is called."""

    name: Name
    inputs: tuple[Field, ...]
    type: TypeExpr
    expr: Expr


class Alias(Syntax, frozen=True, eq=False):
    name: Name
    type: TypeExpr


class Record(Syntax, frozen=True, eq=False):
    name: Name
    fields: tuple[Field, ...]


class Run(Syntax, frozen=True, eq=False):
    """How a task executes: exactly one of `body` (inline code) and `target` (a file or an image)."""

    language: Name
    body: str | None
    target: Text | None


class Task(Syntax, frozen=True, eq=False):
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


class Handler(Syntax, frozen=True, eq=False):
    """`on failure:` and its like: what still runs when a pipeline has ended so."""

    name: Name
    body: Block


class Pipeline(Syntax, frozen=True, eq=False):
    name: Name
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    settings: tuple[Setting, ...]
    body: Block
    handlers: tuple[Handler, ...]
    doc: str


class Resource(Syntax, frozen=True, eq=False):
    """`kind` is pool, connector, secret or trigger."""

    kind: str
    name: Name
    driver: Name
    settings: tuple[Setting, ...]
    doc: str


class Rule(Syntax, frozen=True, eq=False):
    """`kind` is scope, forbid, require, minimize or maximize; `then` marks a later objective."""

    kind: str
    expr: Expr
    because: Text | None
    then: bool


class Policy(Syntax, frozen=True, eq=False):
    name: Name
    extends: Name | None
    rules: tuple[Rule, ...]
    settings: tuple[Setting, ...]
    doc: str


Import: TypeAlias = ImportModule | ImportNames
Declaration: TypeAlias = (
    Let | Function | Alias | Record | Task | Pipeline | Resource | Policy | ImportModule | ImportNames
)


class Program(msgspec.Struct, frozen=True):
    edition: int
    declarations: tuple[Declaration, ...]
