"""The inputs of a shell or a container: variables, and files for what no variable can hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from econda_cloud.worker.data.typed_values import Locate, is_artifact

VARIABLE_MOST = 131_072
"""Bytes of one variable, with its name: `MAX_ARG_STRLEN` of execve(2)."""
FOLDER = ".given"
"""Where these files are, in the folder in which the task stands."""


def variables(args: Mapping[str, Any], locate: Locate, cwd: Path) -> dict[str, str]:
    """Inputs as variables: durations in ms, sizes in bytes, artifacts as paths, lists and records as JSON.

    Of a list `$name_file` is the path of a file with one element a line; of anything else that no variable can hold, of a
    file with its text. What no variable can hold has no variable `$name`.
    """
    found: dict[str, str] = {}
    for name, value in args.items():
        text = as_text(value, locate)
        fits = len(name) + len(text.encode()) + 2 <= VARIABLE_MOST
        if fits:
            found[name] = text
        by_file = f"{name}_file"
        if by_file not in args and (isinstance(value, list) or not fits):
            found[by_file] = str(_written(cwd, name, _lines(value, locate) if isinstance(value, list) else text))
    return found


def left_out(args: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """The inputs that no variable could hold."""
    return [name for name in args if name not in variables]


def as_text(value: Any, locate: Locate) -> str:
    """One value as a word: text as it is, an artifact as its path, lists and records as JSON."""
    return _word(_paths(value, locate))


def _word(plain: Any) -> str:
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _lines(values: list[Any], locate: Locate) -> str:
    """One element a line; a text with a line break in it is written as JSON, so that lines stay elements."""
    words = (_word(each) for each in _paths(values, locate))
    return "".join(f"{json.dumps(word, ensure_ascii=False) if chr(10) in word else word}\n" for word in words)


def _written(cwd: Path, name: str, text: str) -> Path:
    path = cwd / FOLDER / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8", newline="")
    return path


def _paths(value: Any, locate: Locate) -> Any:
    if is_artifact(value):
        return str(locate(value))
    if isinstance(value, list):
        return [_paths(each, locate) for each in value]
    if isinstance(value, dict):
        return {name: _paths(each, locate) for name, each in value.items()}
    return value
