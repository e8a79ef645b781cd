"""Steps of pipelines as frozen records with spans; `econda_edsl.compiler.syntax` gives them all under one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from econda_edsl.compiler.syntax.expressions import Apply, Expr, Name, Ref, Syntax, Text, TypeExpr


class Setting(Syntax, frozen=True, eq=False):
    name: Name
    value: Expr


class Block(Syntax, frozen=True, eq=False):
    steps: tuple[Step, ...]


class Bind(Syntax, frozen=True, eq=False):
    name: Name
    expr: Expr
    after: tuple[Name, ...]
    settings: tuple[Setting, ...]


class Effect(Syntax, frozen=True, eq=False):
    expr: Expr
    after: tuple[Name, ...]
    settings: tuple[Setting, ...]


class Foreach(Syntax, frozen=True, eq=False):
    name: Name | None
    over: tuple[tuple[Name, Expr], ...]
    up_to: Expr | None
    settings: tuple[Setting, ...]
    body: Block


class Arm(Syntax, frozen=True, eq=False):
    test: Expr | None
    body: Block


class When(Syntax, frozen=True, eq=False):
    arms: tuple[Arm, ...]


class Carry(Syntax, frozen=True, eq=False):
    name: Name
    type: TypeExpr
    start: Expr


class Next(Syntax, frozen=True, eq=False):
    name: Name
    expr: Expr


class Repeat(Syntax, frozen=True, eq=False):
    up_to: Expr
    carries: tuple[Carry, ...]
    nexts: tuple[Next, ...]
    body: Block
    until: Expr
    fail: Text | None


class Return(Syntax, frozen=True, eq=False):
    entries: tuple[tuple[Name, Expr], ...]


class Gather(Syntax, frozen=True, eq=False):
    expr: Expr


class Assert(Syntax, frozen=True, eq=False):
    expr: Expr
    message: Text | None


class Fail(Syntax, frozen=True, eq=False):
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


def calls_in(block: Block) -> Iterator[tuple[Bind | Effect, str]]:
    """Every step of a block that calls something, those of blocks inside it too, with the name by which it does."""
    blocks = [block]
    while blocks:
        for step in blocks.pop().steps:
            blocks += blocks_of(step)
            if isinstance(step, Bind | Effect) and (name := called_name(step.expr)):
                yield step, name
