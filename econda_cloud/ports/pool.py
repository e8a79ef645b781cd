"""What a pool answers to what is handed to it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Accepted(msgspec.Struct, frozen=True):
    """The pool has it. `handle` is its own name for it; empty if none is needed."""

    handle: str = ""


class Refused(msgspec.Struct, frozen=True):
    """The pool will never take it."""

    why: str


class Later(msgspec.Struct, frozen=True):
    """Not now: the pool is busy, or cannot be reached. To be tried again after so many ms."""

    why: str
    after_ms: int = 1_000


Answer: TypeAlias = Accepted | Refused | Later
