"""What a shell or a container has written to `$OUT`, as values: files of text, JSON or lines, folders of files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from econda_edsl.plan.type_text import TypeText

from econda_cloud.worker.data.artifacts import TYPES as ARTIFACTS
from econda_cloud.worker.data.typed_values import read_type

_TEXT_MOST = 16 * 1024 * 1024
_AS_TEXT = ("String", "|", "Date", "Instant")
_SHOWN = 60
_LIKE_JSON = re.compile(r"""\s*\[\s*["']|\s*\[[^\n]*\]\s*$""")
"""Text that was meant to be a list as a whole. It is none, or it would have been read as that."""


def read_outputs(declared: Mapping[str, str], out: Path) -> dict[str, Any]:
    """The files of `$OUT` as wire values by type; what cannot be read as its type stays text, for the check to name."""
    found = {}
    for name, text in declared.items():
        path, kind = out / name, read_type(text)
        if kind.name == "?":
            kind = kind.args[0]
        if not (path.exists() or path.is_symlink()):
            if read_type(text).name == "?":
                found[name] = None
        elif kind.name in ARTIFACTS:
            found[name] = {"$path": str(path)}
        else:
            found[name] = _read(kind, path)
    return found


def _read(kind: TypeText, path: Path) -> Any:
    if kind.name == "List" and path.is_dir() and _element(kind).name in ARTIFACTS:
        return [{"$path": str(path / name)} for name in sorted(each.name for each in path.iterdir())]
    if not path.is_file():
        return {"$unreadable": ("a directory" if path.is_dir() else "not a file") + _forms(kind)}
    if path.stat().st_size > _TEXT_MOST:
        return {"$unreadable": "a file over 16 MiB"}
    data = path.read_bytes()
    try:
        text = data.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        return {"$unreadable": f"no UTF-8 text: byte 0x{data[error.start]:02x} at {error.start}"}
    return _listed(kind, text) if kind.name == "List" else _parse(kind.name, text)


def _listed(kind: TypeText, text: str) -> Any:
    """A JSON list, or one element a line: text as it is, anything else as JSON. An empty file is an empty list."""
    try:
        whole = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, list):
        return whole
    if not text:
        return []
    if _LIKE_JSON.match(text):
        return {"$unreadable": f"no JSON: {text[:_SHOWN]}{_forms(kind)}"}
    element = _element(kind)
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if element.name in _AS_TEXT or element.name in ARTIFACTS:
        return lines
    values = [_parse(element.name, line) for line in lines]
    wrong = next((i for i, value in enumerate(values) if isinstance(value, str)), None)
    if wrong is not None:
        line = f'{lines[wrong][:_SHOWN]}"' if lines[wrong].strip() else '"'
        return {"$unreadable": f'text whose line {wrong + 1} is "{line}{_forms(kind)}'}
    return values


def _forms(kind: TypeText) -> str:
    """How a list is written, where it was not."""
    if kind.name != "List":
        return ""
    if _element(kind).name in ARTIFACTS:
        return "; a list of files is a folder of them, or their paths, one a line or as a JSON list"
    return "; a list is written one element a line, or as a JSON list"


def _element(kind: TypeText) -> TypeText:
    element = kind.args[0] if kind.args else TypeText("")
    return element.args[0] if element.name == "?" else element


def _parse(kind: str, text: str) -> Any:
    if kind in _AS_TEXT:
        return text
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text.strip()
    # Only the host marks values; here a record with such a key is the user's own.
    return {"$plain": value} if isinstance(value, dict) and any(key.startswith("$") for key in value) else value
