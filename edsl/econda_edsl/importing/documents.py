"""JSON and YAML read with limits: what is broken, doubled or too deep is refused with its place."""

from __future__ import annotations

import json
from typing import Any

from econda_edsl.importing.report import NotImported

BYTES_MOST = 64 * 1024 * 1024


def read_json(data: bytes, path: str) -> Any:
    """A JSON document. Raises `NotImported` for bad UTF-8, bad JSON, keys given twice, and nesting too deep."""
    text = decode(data, path)
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, path))
    except json.JSONDecodeError as error:
        raise NotImported(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}; correct it there") from error
    except RecursionError as error:
        raise NotImported(f"{path}: brackets are nested too deep to be read; no workflow needs that") from error
    except ValueError as error:
        raise NotImported(f"{path}: a number in it cannot be read ({error}); correct it") from error


def read_yaml(data: bytes, path: str) -> Any:
    """A YAML document of plain data. Raises `NotImported`, also for aliases: a few lines could stand for gigabytes."""
    import yaml

    text = decode(data, path)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1
                raise NotImported(f"{path}:{line}: aliases (`*{event.anchor}`) are not allowed; write the value out")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotImported(f"{path}: not usable YAML: {' '.join(str(error).split())[:300]}; correct it") from error


def decode(data: bytes, path: str) -> str:
    """UTF-8 text. Raises `NotImported` for other bytes and for files over 64 MiB."""
    if len(data) > BYTES_MOST:
        raise NotImported(f"{path}: {len(data):,} bytes, the limit is {BYTES_MOST:,}; import a part of it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotImported(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error


def mapping(value: Any, where: str) -> dict[str, Any]:
    """`value` as an object. Raises `NotImported` naming the place."""
    if not isinstance(value, dict):
        raise NotImported(f"{where}: {shown(value)} where an object is needed; see the format's description")
    return value


def items(value: Any, where: str) -> list[Any]:
    """`value` as a list. Raises `NotImported` naming the place."""
    if not isinstance(value, list):
        raise NotImported(f"{where}: {shown(value)} where a list is needed; see the format's description")
    return value


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _unique(pairs: list[tuple[str, Any]], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NotImported(f"{path}: the key {shown(name)} is given twice in one object; keep one of them")
        found[name] = value
    return found
