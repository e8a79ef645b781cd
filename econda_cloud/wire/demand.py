"""What an attempt asks of a pool, as a class: attempts of one class are alike to the broker, whichever task or run they are of."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any, Literal

import msgspec

UNKNOWN_TIME_MS = 10_000
"""Run time assumed for ranking when a task declares none; never reported as an estimate."""

Kind = Literal["python", "shell", "r", "julia", "container", "environment"]


class Demand(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Resources and properties of an attempt. cpu in thousandths of a core; memory, disk in bytes; times in ms.

    `where` holds the task's predicates over `node` as JSON text, so that a demand stays hashable.
    `kind` is what executes it. time_ms: the run time declared, rounded (`rounded_ms`), so that classes are few.
    task: its name, only where a policy asks for it.
    """

    kind: Kind
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
    task: str = ""

    def predicates(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.where]

    @property
    def key(self) -> str:
        """A short name of the class, the same for all who know what it asks."""
        return _key(self)


@lru_cache(maxsize=4_096)
def _key(demand: Demand) -> str:
    return hashlib.blake2b(msgspec.json.encode(demand), digest_size=9).hexdigest()


def expected_time_ms(demand: Demand) -> int:
    return demand.time_ms if demand.time_ms is not None else UNKNOWN_TIME_MS


def rounded_ms(ms: int) -> int:
    """Up to three significant binary digits: at most a quarter more."""
    step = 1 << max(0, ms.bit_length() - 3)
    return -(-ms // step) * step
