"""Steps of pipelines as frozen records with spans; `econda_edsl.compiler.syntax` gives them all under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from econda_edsl.compiler.syntax.expressions import Apply, Expr, Name, Ref, Syntax, Text, TypeExpr


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


T = TypeVar("T")

Step: TypeAlias = Bind | Effect | Foreach | When | Repeat | Return | Gather | Assert | Fail


def blocks_of(step: Step) -> tuple[Block, ...]:
    """The blocks directly inside a step."""
    match step:
        case Foreach(body=body) | Repeat(body=body):
            return (body,)
        case When(arms=arms):
            return tuple(arm.body for arm in arms)
        case _:
            return ()


def called_task(expr: Expr, tasks: Mapping[str, T]) -> T | None:
    """The task a step calls, None for a value."""
    if isinstance(expr, Apply) and isinstance(expr.callee, Ref):
        return tasks.get(expr.callee.name)
    return None


def called_name(expr: Expr) -> str:
    """The name by which a step calls something, empty for a value."""
    return expr.callee.name if isinstance(expr, Apply) and isinstance(expr.callee, Ref) else ""
