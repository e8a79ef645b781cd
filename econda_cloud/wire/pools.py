"""Pools and what they offer: capacity, node shapes and prices."""

from __future__ import annotations

import msgspec

from econda_cloud.money.prices import Price


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
    nodes: how many such nodes there are at most, None if only the pool as a whole is limited.
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
    nodes: int | None = None


class Pool(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Capacity managed as one thing.

    slots: chunks at once; cpu_milli, memory, gpu: in total. max_time_ms: longest attempt, None for no limit.
    chunk_max, chunk_ms: most attempts in one chunk, and the run time a chunk aims at. kinds: what it can execute.
    Kinds are those of tasks, and `image`: python and shell inside an image that has the worker in it.
    labels: what the team says of the pool, for its policies.
    namespaces: those that alone may use it, if there are any; closed_to: those that may not, because they have their own.
    array: the attempts of a chunk run side by side, each with its own reservation; otherwise one after another.
    cpu_step_milli, memory_extra: what an attempt takes of a node is its cores rounded up to such steps, and its memory
    and so many bytes more.
    """

    name: str
    driver: str
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
    cpu_step_milli: int = 1
    memory_extra: int = 0
    namespaces: tuple[str, ...] = ()
    closed_to: tuple[str, ...] = ()

    def admits(self, namespace: str) -> bool:
        """Whether attempts of a namespace may run there."""
        return namespace in self.namespaces if self.namespaces else namespace not in self.closed_to

    def tells_apart(self, namespace: str) -> bool:
        """Whether it matters to this pool that it is this namespace and not another one."""
        return namespace in self.namespaces or namespace in self.closed_to
