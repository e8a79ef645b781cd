"""A program and what is right of it, and a short way to write the most usual programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What must come of a program, wherever it runs. `program` is without its first line.

    With `said` it must fail, with all of these in its message; else it must succeed and give `outputs`, which need not be
    all. `files` lie beside it, `params.yaml` among them. `log` has the whole log of an instance by its path. `embedded` is why
    it is not tried on a stack, if it is not.
    """

    name: str
    program: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    log: Mapping[str, str] = field(default_factory=dict)
    embedded: str = ""

    @property
    def source(self) -> str:
        return "edsl 1\n\n" + self.program


def one(
    outputs: str, body: str, language: str = "shell", *, inputs: str = "", settings: str = "", before: str = ""
) -> str:
    """A pipeline of one task `t`, called `a`, that is given the pipeline's inputs and gives its outputs.

    `settings` are lines of the task, `before` declarations. Types with commas in them need a program of their own.
    """
    given, made = _names(inputs), _names(outputs)
    lines = "".join(f"    {line}\n" for line in settings.splitlines())
    returned = f"    return {', '.join(f'{name} = a.{name}' for name in made)}\n" if made else ""
    arrow = f" -> ({outputs})" if outputs else ""
    call = f"    {'a = ' if made else ''}t({', '.join(given)})\n"
    return (
        f"{before}task t({inputs}){arrow}:\n{lines}    run {language}:\n{indented(body)}\n"
        f"pipeline main({inputs}){arrow}:\n{call}{returned}"
    )


def indented(body: str) -> str:
    return "".join(f"        {line}\n" for line in body.strip("\n").splitlines())


def _names(declared: str) -> list[str]:
    return [each.split(":")[0].strip() for each in declared.split(", ") if each]
