"""Functions of text. What is longer than a value may be is refused before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from econda_edsl.evaluate.errors import EvaluationError
from econda_edsl.evaluate.limits import bounded


def _split(text: str, separator: str | None = None) -> list[str]:
    """Parts between separators, empty ones too; without a separator, the words between blanks."""
    if separator is None:
        return text.split()
    if not separator:
        raise EvaluationError("`split` by an empty text")
    return text.split(separator)


def _join(parts: list[str], separator: str = "") -> str:
    if any(part is None for part in parts):
        raise EvaluationError("a missing value reached `join`")
    bounded(sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1))
    return separator.join(parts)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise EvaluationError("`replace` of an empty text")
    bounded(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _strip(text: str, letters: str | None = None) -> str:
    return text.strip(letters)


def _cased(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        # A letter may become three: `ΐ` does.
        result = change(text)
        bounded(len(result))
        return result

    return changed


STRINGS: dict[str, Callable[..., Any]] = {
    "split": _split,
    "join": _join,
    "replace": _replace,
    "strip": _strip,
    "lower": _cased(str.lower),
    "upper": _cased(str.upper),
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
