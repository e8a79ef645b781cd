"""One raw value made typed: text read by the declared type, lists, maps and records built of such."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.evaluate import EvaluationError, evaluate, quantities, times
from econda_edsl.parameters.given import NOTHING, Bundled, Called, DataIn, NotBrought, Plain, Typed
from econda_edsl.parameters.notation import BadNotation, read_notation
from econda_edsl.plan import Expr, Parameter, Plan
from econda_edsl.plan.ranges import outside_range
from econda_edsl.plan.type_text import TypeText, record_types

_DEEPEST = 64
EXAMPLES = {
    "Bool": "true", "Int": "42", "Float": "0.5", "String": '"text"', "Percent": "20%", "Size": "16GiB",
    "Duration": "2h", "Money": "$5", "Rate": "$2/h", "Bandwidth": "1Gbps", "Date": "2026-01-31",
    "Instant": "2026-01-31T12:00:00Z", "List": "[1, 2]", "Map": '{"key": 1}',
}  # fmt: skip
ARTIFACTS = frozenset({"File", "Dir", "Table", "Model", "Metrics"})
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INT = re.compile(r"[+-]?[0-9][0-9_]*")


class BadValue(Exception):
    """What is wrong with a value: what is wanted `where` inside of it, and the `raw` value that stands there."""

    def __init__(self, wanted: str, why: str = "", *, range: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.why, self.range = wanted, why, range
        self.where = ""
        self.raw: Any = None
        self.placed = False


class Reader:
    """Reads values for the parameters of a plan, whose records it knows. Paths in them start at the folder `base`.

    Without `data` no file can be given but as an artifact of an earlier run.
    """

    def __init__(self, plan: Plan, data: DataIn | None = None) -> None:
        self.data, self.base = data, ""
        self.records: Mapping[str, Mapping[str, TypeText]] = record_types(plan.types)
        self.fields: Mapping[str, Mapping[str, Parameter]] = plan.fields

    def value(self, raw: Any, kind: TypeText, depth: int = 0) -> Any:
        """The typed value. Raises `BadValue`."""
        if isinstance(raw, Typed):
            return raw.value
        if depth > _DEEPEST:
            raise BadValue("less deeply nested")
        try:
            return self._value(raw, kind, depth)
        except BadValue as bad:
            if not bad.placed:
                bad.raw, bad.placed = raw, True
            raise

    def _value(self, raw: Any, kind: TypeText, depth: int) -> Any:
        match kind.name:
            case "?":
                return None if _is_nothing(raw, kind.args[0]) else self.value(raw, kind.args[0], depth)
            case "|":
                return _choice(raw, kind)
            case "List":
                return self._list(raw, kind, depth)
            case "Map":
                return self._map(raw, kind, depth)
            case name if name in self.records:
                return self._record(raw, name, depth)
            case name if name in ARTIFACTS:
                return self._artifact(raw, name)
            case name:
                return self._plain(raw, name)

    def _plain(self, raw: Any, kind: str) -> Any:
        brought = self._brought(raw, kind)
        try:
            return _scalar(brought, kind)
        except BadValue as bad:
            if brought is raw:
                raise
            raise BadValue(bad.wanted, f"that is {json.dumps(brought)[:60]}" + (bad.why and f"; {bad.why}")) from None

    def _brought(self, raw: Any, kind: str) -> Any:
        """The output of an earlier run where `run:RUN/output` stands for it. A String of that form is itself."""
        if not isinstance(raw, str) or kind == "String" or not raw.strip().startswith("run:") or self.data is None:
            return raw
        try:
            return self.data.output(raw.strip())
        except NotBrought as error:
            raise BadValue(f"{kind} (such as {EXAMPLES.get(kind, kind)})", str(error)) from None

    def _list(self, raw: Any, kind: TypeText, depth: int) -> list[Any]:
        if isinstance(raw, Bundled) and self.data is not None:
            raw = [Bundled(path, "file") for path in self.data.matching(raw.path)]
        raw = _parsed(self._brought(raw, "List"), "[", _wanted(kind))
        if not isinstance(raw, list | tuple):
            raise BadValue(_wanted(kind))
        return [self._inside(x, kind.args[0], f"[{i}]", depth) for i, x in enumerate(raw)]

    def _map(self, raw: Any, kind: TypeText, depth: int) -> dict[str, Any]:
        raw = _parsed(self._brought(raw, "Map"), "{", _wanted(kind))
        if not isinstance(raw, Mapping) or isinstance(raw, Called):
            raise BadValue(_wanted(kind))
        if "$artifact" in raw:
            raise BadValue(_wanted(kind), "the key `$artifact` stands for files")
        if not all(_is_unicode(str(k)) for k in raw):
            raise BadValue(_wanted(kind), "a key is no Unicode text")
        return {str(k): self._inside(v, kind.args[1], f"[{str(k)[:40]}]", depth) for k, v in raw.items()}

    def _record(self, raw: Any, name: str, depth: int) -> dict[str, Any]:
        fields = self.records[name]
        shape = f"a record {name} with " + ", ".join(fields)
        raw = _parsed(self._brought(raw, name), "{", shape)
        if not isinstance(raw, Mapping):
            raise BadValue(shape)
        if isinstance(raw, Called) and raw.name != name.rpartition(".")[2]:
            raise BadValue(shape, f"`{raw.name}` is another type")
        for key in raw:
            if key not in fields:
                help_ = did_you_mean(str(key), fields) or "it has " + ", ".join(f"`{f}`" for f in fields)
                raise BadValue(shape, f"`{str(key)[:40]}` is not a field; {help_}")
        about = self.fields.get(name, {})
        out: dict[str, Any] = {}
        for key, kind in fields.items():
            declared = about.get(key)
            if key in raw:
                out[key] = self._inside(raw[key], kind, f".{key}", depth)
                if declared is not None and (outside := outside_range(declared, out[key])):
                    bad = BadValue("", range=outside)
                    bad.where, bad.raw, bad.placed = f".{key}", raw[key], True
                    raise bad
            elif declared is not None and declared.default is not None:
                out[key] = _default(declared.default, shape, key)
            elif kind.name == "?":
                out[key] = None
            else:
                raise BadValue(shape, f"`{key}` is missing")
        return out

    def _artifact(self, raw: Any, kind: str) -> dict[str, Any]:
        """A file or folder, by what names it."""
        try:
            if isinstance(raw, Bundled):
                if self.data is None:
                    raise NotBrought("the pipeline's bundle is not here; give it a value")
                return self.data.bundled(raw.path, kind)
            if isinstance(raw, str) and not raw.strip().startswith("{") and self.data is not None:
                return self.data.named(raw, kind, self.base)
            artifact = _artifact(raw, kind)
            return artifact if self.data is None else self.data.stored(artifact, kind)
        except NotBrought as error:
            raise BadValue(f"a {kind}", str(error)) from None

    def _inside(self, raw: Any, kind: TypeText, where: str, depth: int) -> Any:
        try:
            return self.value(raw, kind, depth + 1)
        except BadValue as bad:
            bad.where = where + bad.where
            raise


def wanted_example(kind: TypeText) -> str:
    """How a value of a type is written."""
    if kind.choices:
        return kind.choices[0]
    if kind.name in ARTIFACTS:
        return "path"
    return EXAMPLES.get(kind.name, "{…}").strip('"')


def _default(default: Expr, shape: str, key: str) -> Any:
    try:
        return evaluate(default, {})
    except EvaluationError as error:
        raise BadValue(shape, f"the default of `{key}` cannot be computed: {error}") from None


def _is_nothing(raw: Any, inner: TypeText) -> bool:
    if raw is None or (isinstance(raw, Plain) and raw in NOTHING):
        return True
    return raw == "none" and inner.name not in ("String", "|")


def _choice(raw: Any, kind: TypeText) -> str:
    if not isinstance(raw, str) or raw not in kind.choices:
        help_ = did_you_mean(raw, kind.choices) if isinstance(raw, str) else ""
        raise BadValue("one of " + ", ".join(f'"{c}"' for c in kind.choices), help_)
    return str(raw)


def _parsed(raw: Any, opener: str, wanted: str) -> Any:
    """Text that holds EDSL's notation or JSON, as the command line and metadata give it."""
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if not text.startswith(opener) and not (opener == "{" and text.endswith(")")):
        raise BadValue(wanted, f"write it as `{opener}…{']' if opener == '[' else '}'}`")
    try:
        return read_notation(text)
    except BadNotation as error:
        raise BadValue(wanted, str(error)) from None


def _scalar(raw: Any, name: str) -> Any:
    if raw is None:
        _refuse(name)
    try:
        match name:
            case "String":
                if isinstance(raw, str) and not _is_unicode(raw):
                    raise BadValue("Unicode text", "it has half a character")
                return str(raw) if isinstance(raw, str) else _text_of(raw)
            case "Bool":
                return raw if isinstance(raw, bool) else _WORDS[raw.strip().lower()]
            case "Int":
                return _int(raw)
            case "Float":
                return _float(raw)
            case "Date":
                return times.read_date(raw.isoformat() if isinstance(raw, dt.date) else raw)
            case "Instant":
                return _instant(raw)
            case "Percent":
                return _percent(raw)
            case _:
                return _quantity(raw, name)
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
        _refuse(name, raw)


def _refuse(name: str, raw: Any = None) -> NoReturn:
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    unit = name in quantities.READERS and (number or (isinstance(raw, str) and _is_number(raw)))
    empty = name == "String" and raw is None
    why = "write a unit" if unit else 'write "" for an empty text' if empty else ""
    raise BadValue(f"{name} (such as {EXAMPLES.get(name, name)})", why)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_unicode(text: str) -> bool:
    """Whether no half of a character is in it, such as `"\\ud800"` of a file."""
    return text.encode("utf-8", "replace").decode() == text


def _text_of(raw: Any) -> str:
    """What a program gives as a value; a String parameter takes it as its text."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float | dt.date):
        return str(raw)
    raise ValueError


def _int(raw: Any) -> int:
    if isinstance(raw, str):
        text = raw.strip()
        raw = int(text, 10) if len(text) <= 40 and _INT.fullmatch(text) else _refuse("Int")
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > quantities.LARGEST:
        raise ValueError
    return raw


def _float(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str) or (isinstance(raw, str) and not raw.isascii()):
        raise ValueError
    value = float(raw)
    if not math.isfinite(value):
        raise ValueError
    return value


def _percent(raw: Any) -> float:
    # `0.2` without a sign may mean 20% or 0.2%, and is refused wherever it stands; only nothing needs no unit.
    if isinstance(raw, int | float):
        if raw is False or raw != 0:
            raise ValueError
        return 0.0
    text = raw.strip()
    return -quantities.read_percent(text[1:]) if text.startswith("-") else quantities.read_percent(text)


def _quantity(raw: Any, name: str) -> int:
    if not isinstance(raw, str):
        if raw is False or raw != 0:
            raise ValueError
        return 0
    text = raw.strip()
    return -quantities.READERS[name](text[1:]) if text.startswith("-") else quantities.READERS[name](text)


def _instant(raw: Any) -> str:
    if isinstance(raw, dt.datetime):
        raw = (raw if raw.tzinfo else raw.replace(tzinfo=dt.UTC)).isoformat()
    return times.read_instant(raw)


def _artifact(raw: Any, name: str) -> Any:
    """An artifact of an earlier run, as its outputs list it."""
    if isinstance(raw, str) and raw.strip().startswith("{"):
        raw = _parsed(raw, "{", f"a {name}")
    inner = raw.get("$artifact") if isinstance(raw, Mapping) and len(raw) == 1 else None
    if (
        not isinstance(inner, Mapping)
        or not isinstance(inner.get("sha256"), str)
        or not isinstance(inner.get("key"), str)
    ):
        raise BadValue(f"a {name}: a path, or an artifact of an earlier run", 'an object {"$artifact": …}')
    about = {str(key): str(each) if isinstance(each, str) else each for key, each in inner.items()}
    if isinstance(inner.get("size"), str):
        about["size"] = _int(inner["size"])
    if "executable" in about:
        about["executable"] = str(about["executable"]).lower() == "true"
    return {"$artifact": about}


def _wanted(kind: TypeText) -> str:
    return f"a {kind.name} (such as {EXAMPLES[kind.name]})"
