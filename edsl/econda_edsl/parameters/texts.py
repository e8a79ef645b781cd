"""Typed values as data that reads back to the very same values, whatever file it is put into; and their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econda_edsl.parameters.amounts import BASES, amount_text
from econda_edsl.plan import Plan
from econda_edsl.plan.type_text import TypeText, read_type, record_types

Records = Mapping[str, Mapping[str, TypeText]]


def written_params(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON data for parameters of a plan: what `bind_parameters` makes the same values of."""
    records = record_types(plan.types)
    return {name: _written(value, read_type(plan.params[name].type), records) for name, value in values.items()}


def param_units(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """What `units_of` says of parameters of a plan."""
    return units_of({name: each.type for name, each in plan.params.items()}, plan, values)


def output_units(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """What `units_of` says of outputs of a plan."""
    return units_of(plan.outputs, plan, values)


def units_of(types: Mapping[str, str], plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """For each value that is a quantity, or has one in it: `{"type", "written"}`, and `unit` where there is but one.

    `written` is the value with every quantity as text with its unit, as parameters take it; `unit` is what the bare number
    counts. Values of other types are left out.
    """
    records = record_types(plan.types)
    found: dict[str, Any] = {}
    for name, value in values.items():
        kind = read_type(types[name]) if name in types else TypeText("Any")
        if not _has_units(kind, records):
            continue
        about: dict[str, Any] = {"type": types[name]}
        if (inner := _innermost(kind)) in BASES:
            about["unit"] = BASES[inner]
        found[name] = {**about, "written": _written(value, kind, records)}
    return found


def _has_units(kind: TypeText, records: Records) -> bool:
    inner = records.get(kind.name, {}).values() or kind.args
    return kind.name in BASES or any(_has_units(each, records) for each in inner)


def _innermost(kind: TypeText) -> str:
    """The name of the type inside of lists, maps and optional ones."""
    while kind.args:
        kind = kind.args[-1]
    return kind.name


def _written(value: Any, kind: TypeText, records: Records) -> Any:
    if value is None:
        return None
    if kind.name == "?":
        return _written(value, kind.args[0], records)
    if isinstance(value, list) and kind.name == "List":
        return [_written(each, kind.args[0], records) for each in value]
    if isinstance(value, dict) and kind.name in records:
        return {name: _written(each, records[kind.name][name], records) for name, each in value.items()}
    if isinstance(value, dict) and kind.name == "Map":
        return {name: _written(each, kind.args[1], records) for name, each in value.items()}
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return amount_text(value, kind.name) if number and kind.name in BASES else value
