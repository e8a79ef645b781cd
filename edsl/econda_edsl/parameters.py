"""Parameters of a run: raw values from YAML, the command line or object metadata, made typed and checked."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from econda_edsl import literals, moments
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.plan import Parameter, Plan
from econda_edsl.show import show
from econda_edsl.suggest import did_you_mean
from econda_edsl.typetext import TypeText, read_type, record_types

_DEEPEST = 64
_EXAMPLES = {
    "Bool": "true", "Int": "42", "Float": "0.5", "String": '"text"', "Percent": "20%", "Size": "16GiB",
    "Duration": "2h", "Money": "$5", "Rate": "$2/h", "Bandwidth": "1Gbps", "Date": "2026-01-31",
    "Instant": "2026-01-31T12:00:00Z", "List": "[1, 2]", "Map": '{"key": 1}',
}  # fmt: skip
_ARTIFACTS = frozenset({"File", "Dir", "Table", "Model", "Metrics"})
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


class _Bad(Exception):
    """What is wrong with a value, and where inside it."""

    def __init__(self, wanted: str, why: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.why = wanted, why
        self.where = ""


def bind_parameters(plan: Plan, raw: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """Values for all parameters of a plan, and one message for everything wrong with `raw`.

    Text is read by the declared type (`"2h"` → milliseconds); typed values must fit it. Parameters that are
    not given take their defaults. Quantities without a unit must be written with one. Raises nothing.
    """
    values: dict[str, Any] = {}
    errors = [_unknown(name, plan) for name in raw if name not in plan.params]
    convert = _Convert(record_types(plan.types))
    for name, parameter in plan.params.items():
        if name in raw:
            _bind(name, parameter, raw[name], convert, values, errors)
        elif parameter.default is not None:
            try:
                values[name] = evaluate(parameter.default, {})
            except EvaluationError as error:
                errors.append(f"parameter `{name}`: its default cannot be computed: {error}; give it a value")
        elif parameter.type.endswith("?"):
            values[name] = None
        else:
            example = _example(read_type(parameter.type))
            errors.append(
                f"parameter `{name}` ({parameter.type}) is missing and has no default; give it a value, such as"
                f" {name}={example}"
            )
    return values, errors


def _unknown(name: object, plan: Plan) -> str:
    help_ = did_you_mean(str(name), plan.params)
    if not help_:
        known = ", ".join(f"`{p}`" for p in plan.params)
        help_ = f"it has {known}" if known else "it takes no parameters"
    return f"parameter `{str(name)[:80]}` is not known to pipeline `{plan.name}`; {help_}"


def _bind(
    name: str, parameter: Parameter, raw: object, convert: _Convert, values: dict[str, Any], errors: list[str]
) -> None:
    try:
        value = convert.value(raw, read_type(parameter.type), 0)
    except _Bad as bad:
        why = f": {bad.why}" if bad.why else ""
        errors.append(f"parameter `{name}{bad.where}` must be {bad.wanted}, not {_shown(raw, bad)}{why}")
        return
    out_of_range = _range_error(name, parameter, value)
    if out_of_range:
        errors.append(out_of_range)
    else:
        values[name] = value


def _shown(raw: object, bad: _Bad) -> str:
    if bad.where:
        return "what is there"
    text = json.dumps(raw, default=str, ensure_ascii=False) if isinstance(raw, list | dict | str) else str(raw)
    return text if len(text) <= 60 else text[:60] + "…"


def _range_error(name: str, parameter: Parameter, value: Any) -> str:
    low, high = parameter.minimum, parameter.maximum
    if value is None or not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if (low is None or value >= low) and (high is None or value <= high):
        return ""
    kind = parameter.type.rstrip("?")
    bounds = f"{show(low, kind) if low is not None else ''}..{show(high, kind) if high is not None else ''}"
    return f"parameter `{name}` is {show(value, kind)}, outside its range {bounds}; choose a value in the range"


class _Convert:
    def __init__(self, records: Mapping[str, Mapping[str, TypeText]]) -> None:
        self.records = records

    def value(self, raw: Any, kind: TypeText, depth: int) -> Any:
        if depth > _DEEPEST:
            raise _Bad("less deeply nested")
        match kind.name:
            case "?":
                return None if raw is None or raw == "none" else self.value(raw, kind.args[0], depth)
            case "|":
                if raw not in kind.choices or not isinstance(raw, str):
                    help_ = did_you_mean(raw, kind.choices) if isinstance(raw, str) else ""
                    raise _Bad("one of " + ", ".join(f'"{c}"' for c in kind.choices), help_)
                return raw
            case "List":
                return self.list(raw, kind, depth)
            case "Map":
                return self.map(raw, kind, depth)
            case name if name in self.records:
                return self.record(raw, name, depth)
            case name if name in _ARTIFACTS:
                return _artifact(raw, name)
            case name:
                return _scalar(raw, name)

    def list(self, raw: Any, kind: TypeText, depth: int) -> list[Any]:
        raw = _parsed(raw, "[", _wanted(kind))
        if not isinstance(raw, list | tuple):
            raise _Bad(_wanted(kind))
        return [self.inside(x, kind.args[0], f"[{i}]", depth) for i, x in enumerate(raw)]

    def map(self, raw: Any, kind: TypeText, depth: int) -> dict[str, Any]:
        raw = _parsed(raw, "{", _wanted(kind))
        if not isinstance(raw, Mapping):
            raise _Bad(_wanted(kind))
        return {str(k): self.inside(v, kind.args[1], f"[{str(k)[:40]}]", depth) for k, v in raw.items()}

    def record(self, raw: Any, name: str, depth: int) -> dict[str, Any]:
        fields = self.records[name]
        shape = f"a {name} record with " + ", ".join(fields)
        raw = _parsed(raw, "{", shape)
        if not isinstance(raw, Mapping):
            raise _Bad(shape)
        for key in raw:
            if key not in fields:
                raise _Bad(shape, f"`{str(key)[:40]}` is not a field; {did_you_mean(str(key), fields)}".rstrip("; "))
        out: dict[str, Any] = {}
        for key, kind in fields.items():
            if key not in raw and kind.name != "?":
                raise _Bad(shape, f"`{key}` is missing")
            out[key] = self.inside(raw.get(key), kind, f".{key}", depth)
        return out

    def inside(self, raw: Any, kind: TypeText, where: str, depth: int) -> Any:
        try:
            return self.value(raw, kind, depth + 1)
        except _Bad as bad:
            bad.where = where + bad.where
            raise


def _parsed(raw: Any, opener: str, wanted: str) -> Any:
    """Text that holds JSON, as the command line and metadata give it."""
    if not isinstance(raw, str):
        return raw
    if not raw.strip().startswith(opener):
        raise _Bad(wanted, "write it as JSON")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _Bad(wanted, "it is not valid JSON") from None


def _scalar(raw: Any, name: str) -> Any:
    if raw is None:
        _refuse(name)
    try:
        match name:
            case "String":
                return raw if isinstance(raw, str) else _text_of(raw)
            case "Bool":
                return raw if isinstance(raw, bool) else _WORDS[raw.strip().lower()]
            case "Int":
                return _int(raw)
            case "Float":
                return _float(raw)
            case "Date":
                return moments.read_date(raw.isoformat() if isinstance(raw, dt.date) else raw)
            case "Instant":
                return _instant(raw)
            case "Percent":
                return _percent(raw)
            case _:
                return _quantity(raw, name)
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
        _refuse(name, raw)


def _refuse(name: str, raw: Any = None) -> NoReturn:
    unit = name in literals.READERS and isinstance(raw, int | float) and not isinstance(raw, bool)
    raise _Bad(f"{name} (such as {_EXAMPLES.get(name, name)})", "write a unit" if unit else "")


def _text_of(raw: Any) -> str:
    """YAML reads `3` and `true` as values; a String parameter takes them as their text."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float | dt.date):
        return str(raw)
    raise ValueError


def _int(raw: Any) -> int:
    if isinstance(raw, str):
        raw = int(raw.strip(), 10) if len(raw) <= 40 else _refuse("Int")
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > literals.LARGEST:
        raise ValueError
    return raw


def _float(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError
    value = float(raw)
    if not math.isfinite(value):
        raise ValueError
    return value


def _percent(raw: Any) -> float:
    if isinstance(raw, float) and math.isfinite(raw):
        return raw
    text = str(raw).strip()
    return -literals.read_percent(text[1:]) if text.startswith("-") else literals.read_percent(text)


def _quantity(raw: Any, name: str) -> int:
    if not isinstance(raw, str):
        if raw is False or raw != 0:
            raise ValueError
        return 0
    text = raw.strip()
    return -literals.READERS[name](text[1:]) if text.startswith("-") else literals.READERS[name](text)


def _instant(raw: Any) -> str:
    if isinstance(raw, dt.datetime):
        raw = (raw if raw.tzinfo else raw.replace(tzinfo=dt.UTC)).isoformat()
    return moments.read_instant(raw)


def _artifact(raw: Any, name: str) -> Any:
    """An artifact of an earlier run, as its outputs list it."""
    inner = raw.get("$artifact") if isinstance(raw, Mapping) and len(raw) == 1 else None
    if (
        not isinstance(inner, Mapping)
        or not isinstance(inner.get("sha256"), str)
        or not isinstance(inner.get("key"), str)
    ):
        raise _Bad(f"a {name}: an artifact of an earlier run", 'an object {"$artifact": …}')
    return {"$artifact": dict(inner)}


def _wanted(kind: TypeText) -> str:
    return f"a {kind.name} (such as {_EXAMPLES[kind.name]})"


def _example(kind: TypeText) -> str:
    if kind.choices:
        return kind.choices[0]
    return _EXAMPLES.get(kind.name, "…").strip('"')
