"""A program that is to be written: declarations and steps, with types and expressions as EDSL text.

Nothing here has positions or checked types; what is written is compiled like any other text. `notes` become comment
lines above what they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True)
class Input:
    """An input of a task or pipeline, or a field of a record. `range` is `low..high`."""

    name: str
    type: str
    default: str | None = None
    range: str | None = None
    doc: str = ""


@dataclass(slots=True)
class Inline:
    """A code body; its own margin does not matter."""

    language: str
    body: str


@dataclass(slots=True)
class Entry:
    """`file.py:function` or a file, in the folder of the program."""

    language: str
    target: str


@dataclass(slots=True)
class Container:
    """`args` are expressions; the task's setting `args` holds them in the text."""

    image: str
    args: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TaskText:
    """One `task`. `settings`, `needs` map a name to an expression; `where` are tests of the node."""

    name: str
    run: Inline | Entry | Container
    inputs: list[Input] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    doc: str = ""
    notes: list[str] = field(default_factory=list)
    needs: dict[str, str] = field(default_factory=dict)
    where: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RecordText:
    """One `type NAME:`."""

    name: str
    fields: list[Input]
    doc: str = ""


@dataclass(slots=True)
class Note:
    """A comment line of its own."""

    text: str


@dataclass(slots=True)
class Bind:
    """`name = expr after … with …`; without a name, the expression alone."""

    expr: str
    name: str | None = None
    after: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Foreach:
    over: list[tuple[str, str]]
    steps: list[Step]
    name: str | None = None
    gather: str | None = None
    up_to: str | None = None
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class When:
    """`arms` are (test, steps) in order; the test None is `else` and comes last."""

    arms: list[tuple[str | None, list[Step]]]


@dataclass(slots=True)
class Repeat:
    """`carries` are (name, type, start); `nexts` maps a carried name to its next value."""

    up_to: str
    carries: list[tuple[str, str, str]]
    steps: list[Step]
    nexts: dict[str, str]
    until: str
    fail: str | None = None


@dataclass(slots=True)
class Assert:
    test: str
    message: str | None = None


@dataclass(slots=True)
class Fail:
    message: str


Step: TypeAlias = Note | Bind | Foreach | When | Repeat | Assert | Fail


@dataclass(slots=True)
class PipelineText:
    """One `pipeline`; `returns` maps an output to its expression."""

    name: str
    steps: list[Step]
    inputs: list[Input] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    returns: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    doc: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Program:
    """A whole file. `head` are comment lines at its top."""

    pipelines: list[PipelineText]
    tasks: list[TaskText] = field(default_factory=list)
    records: list[RecordText] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
