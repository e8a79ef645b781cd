"""Setting one value inside of a parameter: `options.rate=0.5`, `rows[2].name=x`."""

from __future__ import annotations

import re
from typing import Any

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.parameters.given import Called, Given, Typed, as_raw
from econda_edsl.parameters.notation import BadNotation, read_notation
from econda_edsl.plan import Plan

_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[([^\[\]]+)\]")
_PATH = re.compile(rf"([^.\[\]]+)((?:{_STEP.pattern})*)")


class BadPath(ValueError):
    """A place that is not there; the message says which and why."""


def give(plan: Plan, given: dict[str, Given], path: str, value: Given) -> None:
    """Put a value at a place: a parameter, or a field, element or key inside of one. Raises `BadPath`.

    What is not given yet starts from the parameter's default.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadPath(f"`{path}` is no parameter; write NAME=VALUE, or NAME.FIELD=VALUE for what is inside of a record")
    name, steps = match[1], [field or key for field, key in _STEP.findall(match[2])]
    if not steps:
        given[name] = value
        return
    before = given.get(name) or Given(_default(plan, name))
    given[name] = Given(_placed(before.value, steps, value.value, name), value.origin, before.base)


def _default(plan: Plan, name: str) -> Any:
    parameter = plan.params.get(name)
    if parameter is None or parameter.default is None:
        return {}
    try:
        return as_raw(evaluate(parameter.default, {}))
    except EvaluationError:
        return {}


def _placed(raw: Any, steps: list[str], value: Any, where: str) -> Any:
    """A copy of a raw value with another one inside."""
    if not steps:
        return value
    if isinstance(raw, str) and (raw.strip()[:1] in ("[", "{") or raw.rstrip().endswith(")")):
        try:
            raw = read_notation(raw)
        except BadNotation as error:
            raise BadPath(f"`{where}`: {error}") from None
    step, rest = steps[0], steps[1:]
    if isinstance(raw, list):
        if not step.isdecimal() or int(step) >= len(raw):
            raise BadPath(f"`{where}` is a list of {len(raw)}; `{step[:40]}` is not the number of one, from 0")
        index = int(step)
        return [_placed(each, rest, value, f"{where}[{step}]") if i == index else each for i, each in enumerate(raw)]
    if raw is None or raw == Typed(None):
        raw = {}
    if not isinstance(raw, dict):
        raise BadPath(f"`{where}` has nothing inside, so `{step[:40]}` cannot be set")
    fields = {**raw, step: _placed(raw.get(step), rest, value, f"{where}.{step}")}
    return Called(raw.name, fields) if isinstance(raw, Called) else fields
