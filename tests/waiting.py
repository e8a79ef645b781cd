"""Waiting for what must come about: look again and again, and fail after a time in which anything here is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

DEADLINE = 60.0
"""Seconds."""

Value = TypeVar("Value")


class Until(Protocol):
    """Call until the value is true, and return it; fail after DEADLINE seconds."""

    def __call__(self, look: Callable[[], Value], what: str = "") -> Value: ...


def wait(look: Callable[[], Value], what: str = "") -> Value:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = look()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {DEADLINE:.0f} seconds: {what or look}")
