"""Records of a pipeline made of classes: of their own constructors, or by `record`."""

from __future__ import annotations

import dataclasses
from typing import Any

from econda_edsl.python.expressions import RECORDS, Expr, TraceError, expression
from econda_edsl.python.trace import current


def record(cls: type, **values: Any) -> Expr:
    """A record of a class that cannot be made with values of a run, such as a pydantic model."""
    name = current(f"record({cls.__name__})").records.add(cls)
    kinds = {f.name: f.type for f in current("record").records.found[name].fields}
    if unknown := set(values) - set(kinds):
        raise TraceError(f"`{name}` has no field `{min(unknown)}`; it has {', '.join(kinds)}")
    return Expr(f"{name}({', '.join(f'{key} = {expression(v, kinds[key])}' for key, v in values.items())})", type=name)


def _of_object(value: Any) -> Expr:
    """A data class that was made by its constructor."""
    return record(value.__class__, **{f.name: getattr(value, f.name) for f in dataclasses.fields(value)})


RECORDS.append(_of_object)
