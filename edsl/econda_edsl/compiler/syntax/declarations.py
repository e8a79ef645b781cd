"""Declarations as frozen records with spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from econda_edsl.compiler.syntax.expressions import Expr, Field, Name, Syntax, Text, TypeExpr
from econda_edsl.compiler.syntax.steps import Block, Setting


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
