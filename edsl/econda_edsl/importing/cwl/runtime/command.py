"""The command line of a CWL tool (CWL 1.2, 4.1 and 4.2)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from econda_edsl.importing.cwl.runtime.expressions import Expressions, number
from econda_edsl.importing.cwl.runtime.files import is_file

Key = list[tuple[int, Any]]
Part = tuple[Key, list[str]]


def command_line(
    tool: Mapping[str, Any], inputs: Mapping[str, Any], evaluate: Expressions, *, shell: bool
) -> list[str]:
    """The words, in order; with `shell` each is quoted unless it says not to."""
    parts: list[Part] = []
    for place, each in enumerate(tool.get("arguments") or []):
        binding = {"valueFrom": each} if isinstance(each, str) else each
        parts += [([_position(binding, evaluate, None), (0, place)], _words(binding, None, evaluate, shell))]
    for each in tool.get("inputs") or []:
        name = each["id"]
        parts += _bound(each.get("type"), each.get("inputBinding"), inputs.get(name), [], name, evaluate, shell)
    base = tool.get("baseCommand") or []
    words = [base] if isinstance(base, str) else list(base)
    return [*(map(shlex.quote, words) if shell else words), *(w for _, part in sorted(parts, key=lambda p: p[0]) for w in part)]  # fmt: skip


def _bound(type_: Any, binding: Any, value: Any, above: Key, name: Any, evaluate: Expressions, shell: bool) -> list[Part]:  # fmt: skip
    """The parts of one input, of its members and of its fields."""
    type_ = _chosen(type_, value)
    schema = type_ if isinstance(type_, dict) else {}
    if value is None:
        return []
    key = [*above, _position(binding, evaluate, value), (1, name) if isinstance(name, str) else (0, name)]
    own = [] if binding is None else [(key, _words(binding, value, evaluate, shell))]
    if binding is not None and "valueFrom" in binding:
        return own
    if binding is None:
        # What has no place of its own gives its members none.
        key = above
    if schema.get("type") == "record" and isinstance(value, Mapping):
        fields = schema.get("fields") or []
        return own + [part for f in fields for part in _bound(f["type"], f.get("inputBinding"), value.get(_name(f)), key, _name(f), evaluate, shell)]  # fmt: skip
    if isinstance(value, list) and not (binding or {}).get("itemSeparator"):
        inner = schema.get("inputBinding")
        items = schema.get("items")
        if inner is None and binding is not None and not _has_binding(items):
            inner = {}
        return own + [part for i, each in enumerate(value) for part in _bound(items, inner, each, key, i, evaluate, shell)]  # fmt: skip
    return own


def _name(f: Mapping[str, Any]) -> str:
    return f["name"].rpartition("/")[2].rpartition("#")[2]


def _has_binding(type_: Any) -> bool:
    if isinstance(type_, list):
        return any(map(_has_binding, type_))
    if not isinstance(type_, dict):
        return False
    return "inputBinding" in type_ or type_.get("type") == "record" or _has_binding(type_.get("items"))


def _chosen(type_: Any, value: Any) -> Any:
    """The member of a union that a value is of."""
    if not isinstance(type_, list):
        return type_
    return next((each for each in type_ if fits(each, value)), None)


def fits(type_: Any, value: Any) -> bool:
    """Whether a value is of a type."""
    if isinstance(type_, list):
        return any(fits(each, value) for each in type_)
    if isinstance(type_, dict):
        match type_.get("type"):
            case "array":
                return isinstance(value, list) and all(fits(type_["items"], each) for each in value)
            case "record":
                return isinstance(value, Mapping) and not is_file(value) and all(fits(f["type"], value.get(_name(f))) for f in type_.get("fields") or [])  # fmt: skip
            case "enum":
                return isinstance(value, str) and value in {
                    each.rpartition("/")[2].rpartition("#")[2] for each in type_["symbols"]
                }
            case inner:
                return fits(inner, value)
    match type_:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "File" | "Directory":
            return is_file(value) and value["class"] == type_
        case "Any":
            return value is not None
        case _:
            return False


def _position(binding: Any, evaluate: Expressions, value: Any) -> tuple[int, Any]:
    found = evaluate.value((binding or {}).get("position", 0), value)
    return (0, int(found or 0))


def _words(binding: Mapping[str, Any], value: Any, evaluate: Expressions, shell: bool) -> list[str]:
    """What a binding makes of a value, its members aside."""
    if "valueFrom" in binding:
        value = evaluate.value(binding["valueFrom"], value)
        computed = True
    else:
        computed = False
    prefix, joined = binding.get("prefix"), binding.get("separate") is False
    if isinstance(value, list):
        separator = binding.get("itemSeparator")
        if not value:
            return []
        if separator is not None:
            words = [separator.join(map(written, value))]
        elif computed:
            words = list(map(written, value))
        else:
            return [_quoted(prefix, binding, shell)] if prefix else []
    elif isinstance(value, bool):
        return [_quoted(prefix, binding, shell)] if value and prefix else []
    elif value is None:
        return []
    elif isinstance(value, Mapping) and not is_file(value):
        return [_quoted(prefix, binding, shell)] if prefix else []
    else:
        words = [written(value)]
    if prefix and joined:
        return [_quoted(prefix + words[0], binding, shell), *(_quoted(each, binding, shell) for each in words[1:])]
    return [_quoted(each, binding, shell) for each in ([prefix, *words] if prefix else words)]


def _quoted(word: str, binding: Mapping[str, Any], shell: bool) -> str:
    return shlex.quote(word) if shell and binding.get("shellQuote") is not False else word


def written(value: Any) -> str:
    """A value as a word. Numbers have no exponent (CWL 1.2, 4.1)."""
    if is_file(value):
        return value["path"]
    return number(value) if isinstance(value, float) else str(value)
