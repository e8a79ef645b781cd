"""The broker's state: pools, what waits, and what holds capacity."""

from __future__ import annotations

import msgspec
from econda_edsl.plan import Policy

from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import AttemptsPlaced, Item
from econda_cloud.wire.pools import Pool
from econda_cloud.wire.terms import Terms


class Held(msgspec.Struct):
    """What a placed chunk holds of its pool until its last attempt has ended, and what its run was told.

    cpu_milli, memory, gpu: of one attempt; an array holds them once per open attempt, a sequence once in all.
    """

    placement: AttemptsPlaced
    run: str
    pool: str
    cpu_milli: int
    memory: int
    gpu: int
    open: list[Item]
    array: bool = False

    @property
    def times(self) -> int:
        """How often the chunk holds its reservation."""
        return len(self.open) if self.array else 1


class Used(msgspec.Struct):
    """What of a pool is taken: slots, thousandths of cores, bytes, GPUs."""

    slots: int = 0
    cpu_milli: int = 0
    memory: int = 0
    gpu: int = 0


class Waiting(msgspec.Struct):
    """Alike attempts of one run waiting for a place since `since_ms`, oldest first, under the terms of the run.

    rank: how long (ms) the run is expected to go on once they begin. looked: whether all offers were looked at, so
    that there is no reason to look again until a pool has a free slot.
    """

    run: str
    demand: Demand
    items: dict[str, int]
    since_ms: int = 0
    terms: Terms | None = None
    rank: int = 0
    looked: bool = False

    @property
    def priority(self) -> int:
        return self.terms.priority if self.terms else 0

    @property
    def policy(self) -> Policy | None:
        """The policy in force; what builds an environment holds no data of the run and goes where it can."""
        return self.terms.policy if self.terms and self.demand.kind != "environment" else None


class BrokerState(msgspec.Struct):
    """Everything the broker knows. `placed` maps `run instance#attempt` to its chunk; `chunks` counts all ever made.
    `used`, by pool, is what `held` adds up to.

    refused: by run, attempts that nothing can take, until the run has taken note by releasing them.
    """

    pools: dict[str, Pool] = msgspec.field(default_factory=dict)
    waiting: list[Waiting] = msgspec.field(default_factory=list)
    held: dict[str, Held] = msgspec.field(default_factory=dict)
    used: dict[str, Used] = msgspec.field(default_factory=dict)
    placed: dict[str, str] = msgspec.field(default_factory=dict)
    chunks: int = 0
    refused: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
