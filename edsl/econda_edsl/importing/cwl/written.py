"""What an import of CWL has written so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from econda_edsl.importing.cwl.tools import Tools
from econda_edsl.importing.report import Gaps
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Input, Step, TaskText

MEMBERS = 10_000
"""The bound of loops, of which CWL has none."""

Value: TypeAlias = tuple[str, str]
"""An expression and its type."""

Values: TypeAlias = dict[str, Value]
"""Values by their names in CWL."""


@dataclass
class Written:
    """`names` are those of the pipeline, `extra` the inputs that it has beyond those of the workflow."""

    path: str
    gaps: Gaps
    tools: Tools
    names: Names = field(default_factory=Names)
    extra: list[Input] = field(default_factory=list)

    def call(self, task: TaskText, wanted: str, arguments: Mapping[str, str], steps: list[Step]) -> str:
        """Add a step that calls a task; returns its name."""
        name = self.names.take(wanted)
        given = ", ".join(f"{key} = {expr}" for key, expr in arguments.items())
        steps.append(Bind(f"{task.name}({given})", name))
        return name


def key_of(source: Any) -> str:
    """`step/output` or `input` of a source; empty for several."""
    return source.rpartition("#")[2] if isinstance(source, str) else ""


def record_of(made: Values) -> str:
    """The record of some values."""
    return "{" + ", ".join(f"{key}: {expr}" for key, (expr, _) in made.items()) + "}"
