"""What names stand for in a DAG file: tasks, what makes them, what they return, and what only executing it would give."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Unknown:
    """A value that only executing the file would give."""

    text: str


@dataclass(frozen=True)
class Milliseconds:
    """A timedelta."""

    value: float


@dataclass(frozen=True)
class EdgeLabel:
    """A text for the drawing of an edge: it orders nothing and is in nothing's way."""


@dataclass(eq=False)
class Operation:
    """One task. `operator` is the class or the decorator; `mapped` are the arguments of `expand`."""

    id: str
    operator: str
    line: int
    fields: dict[str, Any]
    function: ast.FunctionDef | None = None
    args: dict[str, Any] = field(default_factory=dict)
    mapped: dict[str, Any] = field(default_factory=dict)
    upstream: dict[Operation, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """What a task returns, or one key of it."""

    of: Operation
    key: str | int | None = None


@dataclass
class Dag:
    id: str
    line: int
    fields: dict[str, Any]
    doc: str = ""
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True)
class Maker:
    """A function under `@task`, or an operator's class, perhaps with arguments already (`partial`, `override`)."""

    operator: str
    function: ast.FunctionDef | None = None
    given: tuple[tuple[str, Any], ...] = ()
    overrides: tuple[tuple[str, Any], ...] = ()


def is_operator(name: str) -> bool:
    """Whether a class of this name makes tasks: files import them from anywhere."""
    return name.endswith(("Operator", "Sensor")) and name[0].isupper()


def operations(value: Any) -> list[Operation]:
    """The tasks that an order (`a >> [b, c]`) speaks of."""
    match value:
        case Operation():
            return [value]
        case Output(of=of):
            return [of]
        case list():
            return [each for inner in value for each in operations(inner)]
    return []


def unread(value: Any) -> list[str]:
    """What an order speaks of that may be tasks and cannot be read."""
    match value:
        case Unknown(text=text):
            return [text]
        case list():
            return [text for inner in value for text in unread(inner)]
    return []


def sources(value: Any) -> list[Operation]:
    """The tasks whose outputs are in an argument."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in sources(inner)]
    return operations(value)
