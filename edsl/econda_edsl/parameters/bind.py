"""Parameters of a run: what was given for them, wherever it stands, made typed and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.parameters.given import Bundled, DataIn, Given, as_given, as_raw, is_bundled
from econda_edsl.parameters.values import BadValue, Reader, wanted_example
from econda_edsl.plan import Parameter, Plan
from econda_edsl.plan.ranges import outside_range
from econda_edsl.plan.type_text import read_type


def bind_parameters(
    plan: Plan, raw: Mapping[str, object], data: DataIn | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Values for all parameters of a plan, and one message for everything wrong with `raw`.

    Text is read by the declared type (`"2h"` → milliseconds), wherever it comes from; typed values must fit it. A
    raw value may be `Given`, which tells where it stands. Parameters that are not given take their defaults, and so
    do fields of records. Quantities must be written with a unit. `data` puts files into the store that the run reads.
    Raises nothing but what `data` raises of its own.
    """
    values: dict[str, Any] = {}
    given = {name: as_given(value) for name, value in raw.items()}
    errors = [_from(each.origin, _unknown(name, plan)) for name, each in given.items() if name not in plan.params]
    reader = Reader(plan, data)
    for name, parameter in plan.params.items():
        if name in given:
            _bind(name, parameter, given[name], reader, values, errors)
        elif parameter.default is not None:
            try:
                _default(name, parameter, evaluate(parameter.default, {}), reader, values, errors)
            except EvaluationError as error:
                errors.append(f"parameter `{name}`: its default cannot be computed: {error}; give it a value")
        elif parameter.type.endswith("?"):
            values[name] = None
        else:
            example = wanted_example(read_type(parameter.type))
            errors.append(
                f"parameter `{name}` ({parameter.type}) is missing and has no default; give it a value, such as"
                f" {name}={example}"
            )
    return values, errors


def _default(
    name: str, parameter: Parameter, value: Any, reader: Reader, values: dict[str, Any], errors: list[str]
) -> None:
    if is_bundled(value):
        _bind(name, parameter, Given(as_raw(value)), reader, values, errors)
    else:
        values[name] = value


def _from(origin: str, message: str) -> str:
    return f"{origin}: {message}" if origin else message


def _unknown(name: object, plan: Plan) -> str:
    help_ = did_you_mean(str(name), plan.params)
    if not help_:
        known = ", ".join(f"`{p}`" for p in plan.params)
        help_ = f"it has {known}" if known else "it takes no parameters"
    return f"parameter `{str(name)[:80]}` is not known to pipeline `{plan.name}`; {help_}"


def _bind(
    name: str, parameter: Parameter, given: Given, reader: Reader, values: dict[str, Any], errors: list[str]
) -> None:
    reader.base = given.base
    try:
        value = reader.value(given.value, read_type(parameter.type))
    except BadValue as bad:
        errors.append(_from(given.origin, f"parameter `{name}{bad.where}` {_wrong(bad)}"))
        return
    outside = outside_range(parameter, value)
    if outside:
        errors.append(_from(given.origin, f"parameter `{name}` is {outside}; choose a value in the range"))
    else:
        values[name] = value


def _wrong(bad: BadValue) -> str:
    if bad.range:
        return f"is {bad.range}; choose a value in the range"
    why = f": {bad.why}" if bad.why else ""
    return f"must be {bad.wanted}, not {_shown(bad.raw)}{why}"


def _shown(raw: object) -> str:
    if raw is None:
        return "nothing"
    if isinstance(raw, Bundled):
        return f'{raw.how}("{raw.path}")'
    try:
        text = json.dumps(raw, default=str, ensure_ascii=False) if isinstance(raw, list | dict | str) else str(raw)
    except RecursionError:
        return "what is there"
    return text if len(text) <= 60 else text[:60] + "…"
