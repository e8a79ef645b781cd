"""`edsl.lock`: every import pinned to what it meant when it was locked.

A digest is semantic: comments, docs, layout and the order of lines are outside, so that reformatting breaks no lock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.modules.load import Unit, load_units
from econda_edsl.diagnostics import NOWHERE, Diagnostic
from econda_edsl.plan.digest import digest

LOCK_FILE = "edsl.lock"
LOCK_VERSION = 1
_OUTSIDE = frozenset({"span", "doc"})


def lock_text(path: str, text: str, files: Mapping[str, bytes]) -> str:
    """The lock of a program as it is now; its imports must have no errors of their own."""
    *imported, _ = load_units(path, text, files)
    modules = {_key(unit): _entry(unit) for unit in sorted(imported, key=_key)}
    return json.dumps({"lock": LOCK_VERSION, "modules": modules}, indent=2, sort_keys=True) + "\n"


def check_lock(units: list[Unit], files: Mapping[str, bytes]) -> None:
    """Report every import that is not what the lock says, where it is imported."""
    data = files.get(LOCK_FILE)
    if data is None:
        return
    try:
        raw = json.loads(data)
        pinned = raw["modules"]
        if raw["lock"] != LOCK_VERSION or not isinstance(pinned, dict):
            raise ValueError("another version")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"line {error.lineno} is not JSON" if isinstance(error, json.JSONDecodeError) else "it is not a lock"
        message = f"`{LOCK_FILE}` cannot be read: {what}"
        units[-1].diagnostics.append(Diagnostic("E0213", message, NOWHERE, help="write it again: `econda lock`"))
        return
    for unit in units:
        for d, other in unit.imports.items():
            _check(unit, d, other, pinned.get(_key(other)))


def _check(unit: Unit, d: s.Import, other: Unit, pinned: Any) -> None:
    now = _entry(other)
    if pinned == now or other.diagnostics:
        return
    name = d.source.text
    if not isinstance(pinned, dict):
        message, label = f"`{name}` is not in `{LOCK_FILE}`", "not locked"
    elif pinned.get("version") != now.get("version"):
        message = f"`{name}` is locked at {pinned.get('version')}, here is {now.get('version')}"
        label = "another version"
    else:
        message, label = f"`{name}` is not what `{LOCK_FILE}` says", "it has changed"
    help_ = "look at what changed, then accept it: `econda lock`"
    unit.diagnostics.append(Diagnostic("E0213", message, d.source.span, label, help=help_))


def _key(unit: Unit) -> str:
    return unit.package.name if unit.package is not None else unit.path


def _entry(unit: Unit) -> dict[str, str]:
    entry = {"digest": meaning_of(unit.program)}
    return entry | {"version": unit.package.version} if unit.package is not None else entry


def meaning_of(program: s.Program) -> str:
    """The digest of what a program means, whatever it looks like."""
    return digest(sorted((_meaning(d) for d in program.declarations), key=_ordered))


def _meaning(node: Any) -> Any:
    if isinstance(node, s.Name):
        return node.text
    if isinstance(node, tuple):
        return [_meaning(part) for part in node]
    if not isinstance(node, s.Syntax):
        return node
    parts = {name: _meaning(getattr(node, name)) for name in node.__struct_fields__ if name not in _OUTSIDE}
    for name in ("steps", "settings", "needs"):
        if name in parts:
            parts[name] = sorted(parts[name], key=_ordered)
    return [type(node).__name__, parts]


def _ordered(meaning: Any) -> str:
    return json.dumps(meaning, sort_keys=True)
