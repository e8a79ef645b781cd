"""Python code as its syntax tree, read once for all that look at it."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache


@lru_cache(maxsize=64)
def tree_of(code: str) -> ast.Module | None:
    """None for what is no Python. Not to be changed: others see the same."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
