"""One pipeline while its function is called: the steps so far, and the names they get."""

from __future__ import annotations

import ast
import linecache
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import FrameType
from typing import TYPE_CHECKING, Any

from econda_edsl.python.expressions import Expr, TraceError, expression
from econda_edsl.python.hints import Records
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, PipelineText, Step, TaskText

if TYPE_CHECKING:
    from collections.abc import Iterator

_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)
_HERE = __name__.rpartition(".")[0]


@dataclass
class Trace:
    """`blocks` are the open blocks, the innermost last. `tasks` and `pipelines` are the declarations met, by what declared
    them; `open` are the pipelines that are being traced.
    """

    root: str
    records: Records = field(default_factory=Records)
    names: Names = field(default_factory=Names)
    task_names: Names = field(default_factory=Names)
    blocks: list[list[Step]] = field(default_factory=lambda: [[]])
    tasks: dict[int, TaskText] = field(default_factory=dict)
    pipelines: dict[int, PipelineText] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)

    def inside(self) -> Trace:
        """For a pipeline that this one calls: the same declarations, steps and names of its own."""
        return replace(self, names=Names(), blocks=[[]])

    def add(self, step: Step) -> None:
        self.blocks[-1].append(step)

    @contextmanager
    def block(self) -> Iterator[list[Step]]:
        self.blocks.append([])
        try:
            yield self.blocks[-1]
        finally:
            self.blocks.pop()


def current(what: str) -> Trace:
    """The pipeline that is being traced. Raises `TraceError` outside of one."""
    trace = _CURRENT.get()
    if trace is None:
        raise TraceError(f"{what} stands outside of a pipeline; it is only for the body of an @pipeline function")
    return trace


def tracing() -> Trace | None:
    return _CURRENT.get()


@contextmanager
def traced(trace: Trace) -> Iterator[None]:
    token = _CURRENT.set(trace)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def value(of: Any) -> Expr:
    """A value with a name of its own in the plan: `winner = value(fn.best(…))`."""
    trace = current("value(…)")
    name = trace.names.keep(assigned_name() or "value", "value")
    trace.add(Bind(expression(of), name))
    return Expr(name, type=of._type if isinstance(of, Expr) else None)


def assigned_name() -> str | None:
    """The variable that the call under way is assigned to in the user's text; None if it is to none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_HERE):
        frame = frame.f_back
    if frame is None:
        return None
    place = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    return _assignments(frame.f_code.co_filename).get(place)


@lru_cache(maxsize=64)
def _assignments(filename: str) -> dict[tuple[int | None, ...], str]:
    """Where calls stand whose result goes to a variable: (line, end line, column, end column) → its name."""
    try:
        module = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[tuple[int | None, ...], str] = {}
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call):
                pass
            case _:
                continue
        # `x = f(y).with_(…)`: the step is made by the innermost call.
        while True:
            found[(call.lineno, call.end_lineno, call.col_offset, call.end_col_offset)] = name
            if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Call):
                break
            call = call.func.value
    return found
