"""How a run ended."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a run ended."""

    state: Literal["succeeded", "failed", "cancelled"]
    error: str = ""
    outputs: dict[str, Any] = msgspec.field(default_factory=dict)
