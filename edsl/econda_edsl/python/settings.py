"""Settings of tasks and steps as Python values: needs, retries, checkpoints."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.python.expressions import Expr, TraceError, expression, text
from econda_edsl.words import prelude

_KINDS = {**prelude.NEEDS, "timeout": "Duration", "deadline": "Duration", "budget": "Money", "tolerate": "Percent"}


@dataclass(frozen=True)
class Needs:
    """What one attempt reserves. A value may be a function of inputs and `attempt`: `lambda attempt: Size("1GiB") * attempt`.

    cpu: cores; memory, disk: `"8GiB"`; gpu: a number, or `"2 of [A100, H100]"`; time: expected, `"30min"`; `where` are
    tests of the node as EDSL text.
    """

    cpu: Any = None
    memory: Any = None
    disk: Any = None
    gpu: Any = None
    time: Any = None
    where: Sequence[str] = ()

    def written(self, inputs: Mapping[str, str]) -> dict[str, str]:
        given = {name: getattr(self, name) for name in prelude.NEEDS}
        return {name: setting(name, each, inputs) for name, each in given.items() if each is not None}


def exponential(attempts: int, **settings: Any) -> Expr:
    """`first`, `factor`, `cap`, `jitter`, `on` as in EDSL."""
    return _retry("exponential", attempts, settings)


def linear(attempts: int, **settings: Any) -> Expr:
    """`wait`, `cap`, `jitter`, `on` as in EDSL."""
    return _retry("linear", attempts, settings)


def every(interval: str) -> Expr:
    """A checkpoint so often: `every("10min")`."""
    return Expr(f"every({expression(interval, 'Duration')})")


def _retry(kind: str, attempts: int, settings: Mapping[str, Any]) -> Expr:
    parts = [f"attempts = {expression(attempts)}"]
    for name, value in settings.items():
        if name == "on":
            kinds = [value] if isinstance(value, str) else list(value)
            for each in kinds:
                if each not in (*prelude.FAILURES, "any"):
                    help_ = did_you_mean(each, prelude.FAILURES) or f"it is one of {', '.join(prelude.FAILURES)}"
                    raise TraceError(f"`{each}` is no kind of failure; {help_}")
            parts.append("on = any" if kinds == ["any"] else f"on = [{', '.join(kinds)}]")
        else:
            type_ = {"first": "Duration", "wait": "Duration", "cap": "Duration", "jitter": "Percent"}.get(name)
            parts.append(f"{name} = {expression(value, type_)}")
    return Expr(f"{kind}({', '.join(parts)})")


def setting(name: str, value: Any, inputs: Mapping[str, str] | None = None) -> str:
    """One setting as text; functions are called with stand-ins for inputs and `attempt`."""
    if isinstance(value, Callable) and not isinstance(value, Expr):
        value = value(**_stand_ins(name, value, {**(inputs or {}), "attempt": "Int"}))
    if name == "gpu" and isinstance(value, str):
        return value
    if name == "publish" and isinstance(value, str):
        # What is in braces is told by the run, not by Python.
        return expression(text(value, **{each: Expr(each) for each in re.findall(r"(?<!\{)\{(\w+)\}", value)}))
    if name == "cpu" and isinstance(value, int | float):
        return expression(value)
    return expression(value, _KINDS.get(name))


def _stand_ins(name: str, function: Callable[..., Any], known: Mapping[str, str]) -> dict[str, Expr]:
    wanted = inspect.signature(function).parameters
    for each in wanted:
        if each not in known:
            raise TraceError(f"the setting `{name}` is a function of `{each}`, which is neither an input nor `attempt`")
    return {each: Expr(each, type=known[each]) for each in wanted}


def step_settings(given: Mapping[str, Any], allowed: Sequence[str], what: str) -> dict[str, str]:
    """Settings of a step or block. Raises `TraceError` for names that are none."""
    for name in given:
        if name not in allowed:
            help_ = did_you_mean(name, allowed) or f"it is one of {', '.join(allowed)}"
            raise TraceError(f"{what} has no setting `{name}`; {help_}")
    return {name: setting(name, value) for name, value in given.items()}
