"""Semantic digests: what changes meaning changes them; docs, comments, layout and line order do not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")
_OUTSIDE = frozenset({"doc", "span", "digest", "sources"})
_PLACE = frozenset({"file", "line"})
"""Of code: where it stands."""


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def meaning(struct: msgspec.Struct) -> Any:
    """A plan record as plain data without what has no meaning."""
    return _strip(msgspec.to_builtins(struct))


def digest(value: Any) -> str:
    """`sha256:…` of plain data."""
    return "sha256:" + sha256_hex(_encoder.encode(value))


def task_digest(task: msgspec.Struct, code: Mapping[str, str], packages: tuple[str, ...]) -> str:
    """Digest of a task: its record, its packages and `code`, the files that it can reach."""
    data = meaning(task)
    data.pop("reach", None)
    data["packages"] = sorted(packages)
    if data["run"].get("kind") == "entry" or (code and data["run"].get("kind") == "inline"):
        data["code"] = dict(code)
    return digest(data)


def plan_digest(plan: msgspec.Struct, task_digests: Mapping[str, str]) -> str:
    """Digest of a whole plan."""
    return digest([meaning(plan), dict(task_digests)])


def environment_key(packages: tuple[str, ...]) -> str:
    """`env-` and 12 hex digits of the sorted packages."""
    return "env-" + sha256_hex("\n".join(sorted(packages)).encode())[:12]


def _strip(data: Any) -> Any:
    """Drop meaningless keys of plan records; expressions and maps of names are kept whole."""
    return {key: _strip_value(key, value) for key, value in data.items() if key not in _OUTSIDE}


def _strip_value(key: str, value: Any) -> Any:
    match key:
        case "run":
            return {name: each for name, each in value.items() if name not in _PLACE}
        case "tasks":
            return {name: {k: v for k, v in _strip(task).items() if k != "reach"} for name, task in value.items()}
        case "params" | "inputs":
            return {name: _strip(v) for name, v in value.items()}
        case "body" if isinstance(value, list | tuple):
            return sorted((_strip(node) for node in value), key=lambda node: node["id"])
        case "arms":
            return [_strip(arm) for arm in value]
        case "waits":
            return sorted(value)
        case _:
            return value
