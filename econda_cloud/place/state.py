"""The broker's state: pools, what waits, and what holds capacity."""

from __future__ import annotations

from typing import Literal

import msgspec
from econda_edsl.plan import Policy

from econda_cloud.money.prices import Price
from econda_cloud.place.demand import Demand
from econda_cloud.place.terms import Terms
from econda_cloud.run.events import AttemptsPlaced, Item

Driver = Literal["local.process", "aws.lambda", "aws.batch"]


class Node(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The largest attempt a pool's machine can take: cpu in thousandths of a core, memory and disk in bytes."""

    cpu_milli: int
    memory: int
    disk: int = 0
    gpu: int = 0
    gpu_kind: str = ""
    region: str = ""
    arch: str = "x86_64"


class Offer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A pool x node shape x spot-or-not x price. `cold_start_ms`: expected wait before an attempt runs.

    interruption: the fraction of attempts that a spot offer loses, as its provider states it.
    whole: an attempt has the node to itself and pays all of it, as in a function of fixed size; otherwise it pays
    the share of the node that it reserves.
    """

    name: str
    node: Node
    price: Price
    spot: bool = False
    cold_start_ms: int = 0
    whole: bool = False
    interruption: float = 0.0


class Pool(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Capacity managed as one thing.

    slots: chunks at once; cpu_milli, memory, gpu: in total. max_time_ms: longest attempt, None for no limit.
    chunk_max, chunk_ms: most attempts in one chunk, and the run time a chunk aims at. kinds: what it can execute.
    Kinds are those of tasks, and `image`: python and shell inside an image that has the worker in it.
    labels: what the team says of the pool, for its policies.
    array: the attempts of a chunk run side by side, each with its own reservation; otherwise one after another.
    """

    name: str
    driver: Driver
    offers: tuple[Offer, ...]
    slots: int
    cpu_milli: int
    memory: int
    gpu: int = 0
    max_time_ms: int | None = None
    chunk_max: int = 1
    chunk_ms: int = 10_000
    lease_ms: int = 24 * 3_600_000
    kinds: tuple[str, ...] = ("python", "shell")
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    array: bool = False


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
