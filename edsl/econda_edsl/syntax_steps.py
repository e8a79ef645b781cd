"""Steps of pipelines as frozen records with spans; `econda_edsl.syntax` gives them all under one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from econda_edsl.syntax_expr import Expr, Name, Syntax, Text, TypeExpr


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
