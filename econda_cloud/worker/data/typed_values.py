"""What goes in and what comes out of an attempt, by the types the task declares."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.evaluate.times import read_instant
from econda_edsl.plan.type_text import TypeText
from econda_edsl.plan.type_text import read_type as _read_type

from econda_cloud.worker.data.artifacts import TYPES as ARTIFACTS
from econda_cloud.worker.data.packing import CannotKeep, kind_of, plain_name

Records = Mapping[str, Mapping[str, str]]
Store = Callable[[Path, str], dict[str, Any]]
Locate = Callable[[dict[str, Any]], Path]
_WHOLE = frozenset({"Int", "Size", "Duration", "Money", "Rate", "Bandwidth"})
_SHOWN = 60

read_type = lru_cache(maxsize=4096)(_read_type)


class BadOutput(Exception):
    """A declared output that is missing or of another type; the message is for the user."""


def is_artifact(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and "$artifact" in value


def to_wire(kind: TypeText, value: Any, records: Records, locate: Locate) -> Any:
    """An input as the host reads it: durations, moments and paths marked."""
    if value is None:
        return None
    if is_artifact(value):
        return {"$path": str(locate(value))}
    match kind.name:
        case "?":
            return to_wire(kind.args[0], value, records, locate)
        case "Duration" | "Date" | "Instant":
            return {f"${kind.name.lower()}": value}
    if isinstance(value, list):
        item = kind.args[0] if kind.args else TypeText("")
        return [to_wire(item, each, records, locate) for each in value]
    if isinstance(value, dict):
        fields = records.get(kind.name, {})
        element = kind.args[1] if kind.name == "Map" and len(kind.args) == 2 else TypeText("")
        inner = {
            name: to_wire(read_type(fields[name]) if name in fields else element, each, records, locate)
            for name, each in value.items()
        }
        return {"$plain": inner} if len(inner) == 1 and next(iter(inner)).startswith("$") else inner
    return value


def _anything(value: Any) -> Any:
    """A value of any shape, marks of the wire taken off."""
    if isinstance(value, dict):
        mark = _mark(value)
        if mark == "$plain":
            return _anything(value["$plain"])
        return value[mark] if mark in _PLAIN_MARKS else {str(k): _anything(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_anything(each) for each in value]
    if isinstance(value, float):
        return _finite(value)
    return value


_PLAIN_MARKS = ("$duration", "$date", "$instant")


class Checker:
    """Turns wire values into the plan's JSON values, storing files on the way."""

    def __init__(self, records: Records, store: Store, cwd: Path, made: str = "assigned") -> None:
        """`made` is how an output comes about: it is `assigned`, or `written to $OUT`."""
        self.records, self.store, self.cwd, self.made = records, store, cwd, made
        self._output = ""

    def outputs(self, declared: Mapping[str, str], found: Mapping[str, Any], assigned: Iterable[str]) -> dict[str, Any]:
        """Every declared output, checked. Raises `BadOutput`."""
        result = {}
        for name, text in declared.items():
            if name not in found:
                others = [plain_name(each) for each in sorted(set(assigned) - set(declared))]
                help_line = did_you_mean(name, others) or (
                    f"{self.made} instead: {', '.join(others[:8])}" if others else f"nothing else was {self.made}"
                )
                raise BadOutput(f"output `{name}` is missing; {help_line}")
            self._output = name
            try:
                result[name] = self.value(read_type(text), found[name])
            except _Mismatch as error:
                raise BadOutput(f"output `{name}` should be {text}, but {error}") from None
        return result

    def value(self, kind: TypeText, value: Any) -> Any:
        """One value as JSON. Raises `_Mismatch`."""
        name = kind.name
        if name == "?":
            return None if value is None else self.value(kind.args[0], value)
        if name in ARTIFACTS:
            return self._artifact(name, value)
        if name in ("List", "Set"):
            return [self.value(kind.args[0], each) for each in self._want(value, list)]
        if name == "Map":
            fields = _fields(value)
            if "$artifact" in fields:
                raise _Mismatch(value, "it has the key `$artifact`, which stands for files")
            return {key: self.value(kind.args[1], each) for key, each in fields.items()}
        if name in self.records:
            return self._record(name, _fields(value))
        if name == "Any" or "." in name:
            # What only a package knows the shape of: any JSON value.
            return _anything(value)
        return self._plain(kind, value)

    def _plain(self, kind: TypeText, value: Any) -> Any:
        name, mark = kind.name, _mark(value)
        marked = value[mark] if mark else None
        if name == "|" and value in kind.choices and isinstance(value, str):
            return value
        if name == "String" and isinstance(value, str):
            return value
        if name == "Bool" and isinstance(value, bool):
            return value
        if name in ("Float", "Percent") and isinstance(value, (int, float)) and not isinstance(value, bool):
            return _finite(value)
        if name in _WHOLE and isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
            return value
        if name == "Duration" and mark == "$duration":
            return marked
        if name in ("Date", "Instant"):
            return self._moment(name, marked if mark in ("$date", "$instant") else value, value)
        raise _Mismatch(value)

    def _moment(self, name: str, text: Any, value: Any) -> str:
        try:
            if name == "Date" and _mark(value) != "$instant":
                return date.fromisoformat(text).isoformat()
            if name == "Instant" and _mark(value) != "$date":
                moment = datetime.fromisoformat(text)
                return read_instant((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat())
        except (TypeError, ValueError):
            pass
        raise _Mismatch(value)

    def _want(self, value: Any, kind: type) -> Any:
        if not isinstance(value, kind):
            raise _Mismatch(value)
        return value

    def _record(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        fields = self.records[name]
        result = {}
        for field, text in fields.items():
            kind = read_type(text)
            if field not in value and kind.name != "?":
                raise _Mismatch(value, f"the field `{field}` of {name} is missing")
            result[field] = self.value(kind, value.get(field))
        return result

    def _artifact(self, name: str, value: Any) -> dict[str, Any]:
        inner = value.get("$plain") if isinstance(value, dict) else None
        if is_artifact(inner):
            return inner  # type: ignore[return-value]
        if name == "Metrics" and isinstance(value, dict) and not _mark(value):
            path = self.cwd / "metrics.json"
            path.write_text(json.dumps(value, sort_keys=True))
        else:
            text = value["$path"] if _mark(value) == "$path" else value
            if not isinstance(text, str):
                raise _Mismatch(value)
            path = Path(os.path.abspath(self.cwd / text))
        try:
            return self._kept(name, path, value)
        except CannotKeep as error:
            raise _Mismatch(value, str(error)) from None
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
                raise
            raise _Mismatch(value, f"{plain_name(path.name)[:_SHOWN]}: {error.strerror}".lower()) from None

    def _kept(self, name: str, path: Path, value: Any) -> dict[str, Any]:
        """Raises `CannotKeep`, `OSError`, `_Mismatch`."""
        shown = plain_name(path.name)
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise _Mismatch(value, f"its name {shown} is no Unicode text") from None
        if path != self.cwd and self.cwd.is_relative_to(path):
            raise _Mismatch(value, f"{path} is around the folder where the task stands")
        if not path.exists():
            lost = (
                f"{shown} is a link to {plain_name(os.readlink(path))}, which is not there" if path.is_symlink() else ""
            )
            raise _Mismatch(value, lost or f"there is no file {shown}")
        mode = path.stat().st_mode
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise _Mismatch(value, f"{shown} is {kind_of(mode)}")
        if (name == "Dir") != stat.S_ISDIR(mode) and name in ("File", "Dir"):
            raise _Mismatch(value, f"{shown} is {kind_of(mode)}")
        kept = self.store(path, name)
        if path == self.cwd:
            # Its own name is another one each time.
            kept["$artifact"]["name"] = self._output
        return kept


class _Mismatch(Exception):
    def __init__(self, value: Any, text: str = "") -> None:
        super().__init__(text or f"it is {_describe(value)}")


def _finite(value: float) -> float:
    try:
        if math.isfinite(result := float(value)):
            return result
    except OverflowError:
        pass
    raise _Mismatch(value)


def _mark(value: Any) -> str:
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 and next(iter(value))[:1] == "$" else ""


def _fields(value: Any) -> dict[str, Any]:
    if _mark(value) == "$plain":
        return value["$plain"]
    if not isinstance(value, dict) or _mark(value):
        raise _Mismatch(value)
    return value


def _describe(value: Any) -> str:
    names = {bool: "Bool", int: "Int", float: "Float", str: "String", list: "a list", dict: "a record"}
    if value is None:
        return "None"
    if mark := _mark(value):
        if mark == "$unreadable":
            return str(value[mark])[: 4 * _SHOWN]
        text = str(value[mark])[:_SHOWN]
        return f"a Python {text}" if mark == "$object" else f"{mark[1:].capitalize()} ({text})"
    return f"{names[type(value)]} ({json.dumps(value)[:_SHOWN]})"
