"""Typed values as data that reads back to the very same values, whatever file it is put into."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from econda_edsl.plan import Plan
from econda_edsl.plan.type_text import TypeText, read_type, record_types

_UNITS = {"Size": "B", "Duration": "ms"}


def written_params(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON data for parameters of a plan: what `bind_parameters` makes the same values of."""
    records = record_types(plan.types)
    return {name: _written(value, read_type(plan.params[name].type), records) for name, value in values.items()}


def _written(value: Any, kind: TypeText, records: Mapping[str, Mapping[str, TypeText]]) -> Any:
    if value is None:
        return None
    if kind.name == "?":
        return _written(value, kind.args[0], records)
    if isinstance(value, list):
        return [_written(each, kind.args[0], records) for each in value]
    if isinstance(value, dict) and kind.name in records:
        return {name: _written(each, records[kind.name][name], records) for name, each in value.items()}
    if isinstance(value, dict) and kind.name == "Map":
        return {name: _written(each, kind.args[1], records) for name, each in value.items()}
    return _scalar(value, kind.name)


def _scalar(value: Any, name: str) -> Any:
    match name:
        case "Size" | "Duration":
            return f"{value}{_UNITS[name]}"
        case "Bandwidth":
            return f"{_sign(value)}{_decimal(Decimal(abs(value)) / 1000)}kbps"
        case "Money":
            return f"{_sign(value)}${_decimal(Decimal(abs(value)) / 10**6)}"
        case "Rate":
            return f"{_sign(value)}${_decimal(Decimal(abs(value)) / 10**6)}/h"
        case "Percent":
            return f"{_sign(value)}{_decimal(Decimal(repr(abs(float(value)))) * 100)}%"
        case _:
            return value


def _sign(value: float) -> str:
    return "-" if value < 0 else ""


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
