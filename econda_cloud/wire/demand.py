"""What one attempt asks of a pool: the key by which attempts are alike."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

UNKNOWN_TIME_MS = 10_000
"""Run time assumed for ranking when a task declares none; never reported as an estimate."""


class Demand(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Resources and properties of an attempt. cpu in thousandths of a core; memory, disk in bytes; times in ms.

    `where` holds the task's predicates over `node` as JSON text, so that a demand stays hashable.
    `kind` is what executes it. `solo` asks for an invocation of its own.
    """

    task: str
    kind: Literal["python", "shell", "r", "julia", "container", "environment"]
    cpu_milli: int
    memory: int
    disk: int = 0
    gpu: int = 0
    gpu_kinds: tuple[str, ...] = ()
    time_ms: int | None = None
    timeout_ms: int | None = None
    checkpoints: bool = False
    image: str | None = None
    where: tuple[str, ...] = ()
    solo: bool = False
    batch: int | None = None

    def predicates(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.where]


def expected_time_ms(demand: Demand) -> int:
    return demand.time_ms if demand.time_ms is not None else UNKNOWN_TIME_MS
