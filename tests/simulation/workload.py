"""What the tasks of a simulated run do: decided by their arguments alone, so that bad days cannot change a result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec
from econda_edsl.plan import FailureKind

from econda_cloud.run.paths import environment_key

LARGEST = 5
"""Outputs are whole numbers from 0 to this."""


@dataclass(frozen=True)
class Nature:
    """How a task behaves: its first attempts fail (`flaky`), one instance in `breaks` always does; times in ms."""

    flaky: int = 0
    kind: FailureKind = "failed"
    breaks: int = 0
    longest_ms: int = 2_000


@dataclass(frozen=True)
class Doing:
    """One attempt's work: how long it takes and what comes out; no outputs mean failure."""

    ms: int
    outputs: dict[str, Any] | None
    failure: FailureKind = "failed"


def drawn(*about: Any) -> int:
    """A large number that depends on these things only."""
    return int.from_bytes(hashlib.blake2b(msgspec.json.encode(about), digest_size=8).digest(), "big")


def doing(nature: Nature, task: str, instance: str, attempt: int, args: dict[str, Any]) -> Doing:
    # Not of the attempt: a time-out that only a second attempt met would make a bad day change a result.
    ms = 1 + drawn("ms", instance) % nature.longest_ms
    key = environment_key(instance)
    if key is not None:
        return Doing(ms, {"archive": f"environments/n/{hashlib.sha256(key.encode()).hexdigest()}.tar"})
    if attempt <= nature.flaky or (nature.breaks and drawn("breaks", instance) % nature.breaks == 0):
        return Doing(ms, None, nature.kind)
    return Doing(ms, {"y": drawn(task, args) % (LARGEST + 1)})
