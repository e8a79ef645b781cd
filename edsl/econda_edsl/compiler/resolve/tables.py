"""What a file can name, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.types import model as t


@dataclass(slots=True)
class Facts:
    """What is known of pieces of syntax, shared by all modules of a program: types, ranges and defaults of fields.

    `records` are the declarations of records by the labels of their types. `bundled` are the defaults that name files
    of the bundle: `file`, `files` or `dir`, and the path.
    """

    types: dict[s.Syntax, t.Type] = field(default_factory=dict)
    bounds: dict[s.Field, tuple[Any, Any]] = field(default_factory=dict)
    defaults: dict[s.Field, Any] = field(default_factory=dict)
    records: dict[str, s.Record] = field(default_factory=dict)
    bundled: dict[s.Field, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Tables:
    """Everything a file can name, under the name it has there: its own declarations and what it imports.

    `fields` holds the resolved type of every input, output, record field and carry, by its syntax. `homes` tells
    from which unit an imported name comes, and its name there. `connectors` tells through which connector an
    operator is called: `orders_db.read` through `orders_db`. `functions` are those of packages, `pure_functions` those that
    `let` names. With `holes`, lines that do not parse have stand-ins.
    """

    lets: dict[str, s.Let] = field(default_factory=dict)
    tasks: dict[str, s.Task] = field(default_factory=dict)
    functions: dict[str, s.Task] = field(default_factory=dict)
    pure_functions: dict[str, s.Function] = field(default_factory=dict)
    pipelines: dict[str, s.Pipeline] = field(default_factory=dict)
    records: dict[str, t.Type] = field(default_factory=dict)
    record_syntax: dict[str, s.Record] = field(default_factory=dict)
    named: dict[str, t.Type] = field(default_factory=dict)
    resources: dict[str, s.Resource] = field(default_factory=dict)
    policies: dict[str, s.Policy] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    connectors: dict[str, s.Resource] = field(default_factory=dict)
    homes: dict[str, tuple[str, str]] = field(default_factory=dict)
    own: dict[str, None] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    complete: bool = True
    holes: bool = False

    @property
    def fields(self) -> dict[s.Syntax, t.Type]:
        return self.facts.types

    def inputs(self, of: s.Task | s.Pipeline | s.Function) -> dict[str, t.Type]:
        return {f.name.text: self.fields.get(f, t.UNKNOWN) for f in of.inputs}

    def outputs(self, of: s.Task | s.Pipeline) -> dict[str, t.Type]:
        return {f.name.text: self.fields.get(f, t.UNKNOWN) for f in of.outputs}

    def kind_of(self, name: str) -> str:
        """What a name stands for, in a reader's words; empty for a value or an unknown name."""
        if name in self.resources:
            return f"a {self.resources[name].kind}"
        tables = {"a task": self.tasks, "a pipeline": self.pipelines, "a function": {**self.functions, **self.pure_functions},
                  "a policy": self.policies, "a module": self.modules, "a type": self.named}  # fmt: skip
        return next((what for what, table in tables.items() if name in table), "")
