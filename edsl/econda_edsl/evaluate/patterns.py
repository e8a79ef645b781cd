"""Regular expressions, by RE2: whatever the pattern and the text, the time grows with their lengths and no faster.

Python's own `re` can run for ever, and its patterns cannot be told from those that do. RE2 has neither look-around nor
references back. It is loaded by the first pattern.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from econda_edsl.evaluate.errors import EvaluationError

PATTERN_LONGEST = 1_000
TEXT_LONGEST = 10_000
_MEMORY = 1 << 20
"""Bytes that RE2 may use for a pattern; it refuses one that needs more."""
_STEP = 64
"""Instructions of a pattern, times characters that they may meet, that count as one element of the budget."""
_LEAST = 16
"""Instructions that the smallest pattern counts as."""
_READ = 4
"""Instructions of a pattern that count as one element for their being read: each call may bring another pattern."""


class BadPattern(ValueError):
    """A text that is no pattern; the message says why."""


def compiled(pattern: str) -> Any:
    """RE2's form of a pattern. Raises `BadPattern`."""
    if len(pattern) > PATTERN_LONGEST:
        raise BadPattern(f"it is longer than {PATTERN_LONGEST:,} characters")
    return _compiled(pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        (told,) = error.args or (b"",)
        said = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise BadPattern(said.partition(" - compile failed")[0]) from None


def _ready(text: str, pattern: str) -> Any:
    if len(text) > TEXT_LONGEST:
        raise EvaluationError(f"a pattern looks into no text of more than {TEXT_LONGEST:,} characters")
    try:
        return compiled(pattern)
    except BadPattern as error:
        raise EvaluationError(f'"{pattern[:60]}" is no pattern: {error}') from None


def work(text: str, pattern: str) -> int:
    """Elements of the budget that a search costs. Raises `EvaluationError` for what is no pattern, or a text too long."""
    size = _ready(text, pattern).programsize
    return (_LEAST + size) // _READ + len(text) * (_LEAST + size) // _STEP


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    return _ready(text, pattern).search(text) is not None


def find(text: str, pattern: str) -> str | None:
    """The first place that matches, of it the first group if there is one; missing if there is none."""
    ready = _ready(text, pattern)
    found = ready.search(text)
    return None if found is None else found[1 if ready.groups else 0]
