"""The state of one run: a tree of frames that mirrors the plan, expanded only where something is active.

Wide fans are kept compactly: a byte per member, and frames only for members that are running.
`step` owns the state it is given and changes it in place; keep a copy by encoding it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal, TypeAlias

import msgspec

from econda_cloud.money.prices import Price
from econda_cloud.wire.events import Item
from econda_cloud.wire.outcome import Outcome


class Member(IntEnum):
    """Progress of one member of a fan."""

    WAITING = 0
    ACTIVE = 1
    DONE = 2
    FAILED = 3


class NodeStatus(IntEnum):
    """Progress of one node of a frame."""

    WAITING = 0
    ACTIVE = 1
    DONE = 2
    SKIPPED = 3


class Call(msgspec.Struct, tag="call"):
    """A call being tried. `tries` counts attempts that cost a retry, `losses` those that did not.

    phase: looking (for a result that is kept), preparing (its environment is not built yet), backing_off (until
    `due_ms`), requested (of the broker), placed.
    """

    task: str
    args: dict[str, Any]
    phase: Literal["looking", "preparing", "backing_off", "requested", "placed"] = "requested"
    attempt: int = 1
    tries: int = 0
    losses: int = 0
    due_ms: int = 0
    chunk: str = ""


class Frame(msgspec.Struct):
    """An activation of a block. Lists are indexed like the block's nodes.

    scope: values bound so far; pending: how many nodes each still waits for; active: children by node index.
    """

    scope: dict[str, Any]
    status: list[int]
    pending: list[int]
    active: dict[int, AnyActive] = msgspec.field(default_factory=dict)
    open: int = 0


class Fan(msgspec.Struct, tag="fan"):
    """A foreach being expanded. `axes` are the collections; member i is the i-th element of their product."""

    axes: list[list[Any]]
    total: int
    members: bytearray
    results: dict[int, Any]
    errors: dict[int, str]
    frames: dict[int, Frame] = msgspec.field(default_factory=dict)
    next: int = 0
    done: int = 0


class Branch(msgspec.Struct, tag="branch"):
    """A `when` whose arm `arm` was taken."""

    arm: int
    frame: Frame


class Loop(msgspec.Struct, tag="loop"):
    """A `repeat` in its round `round`, counted from 1."""

    round: int
    up_to: int
    frame: Frame


AnyActive: TypeAlias = Call | Fan | Branch | Loop


class Chunk(msgspec.Struct):
    """Attempts placed together, until all of them have ended. `until_ms` is when they count as lost.

    lender, lent: see `AttemptsPlaced`.
    """

    pool: str
    offer: str
    spot: bool
    price: Price
    memory: int
    size: int
    open: list[Item]
    order: list[Item]
    until_ms: int
    cpu_milli: int = 0
    gpu: int = 0
    handle: str = ""
    committed: int = 0
    lender: str = ""
    lent: tuple[Item, ...] = ()


class Preparation(msgspec.Struct):
    """An environment of the plan: being built (`call`) with instances waiting for it, or built (`archive`).

    `stopped` is the number of the last attempt that was stopped: a handler that needs the environment goes on from it.
    """

    archive: str = ""
    call: Call | None = None
    waiting: list[str] = msgspec.field(default_factory=list)
    stopped: int = 0


class Counts(msgspec.Struct):
    """Instances by state, over the whole run. Those `reused` have succeeded as well."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    retried: int = 0
    preempted: int = 0
    reused: int = 0


class RunState(msgspec.Struct):
    """Everything the engine knows of a run.

    stopping: attempts told to stop that a pool may still be running, with their chunk; the run ends when they
    have, or at `stop_by_ms`. skipped: instances in branches not taken, with the reason (the first thousand).
    reuse, fresh: see `RunStarted`.
    decided: how the run ended before its handlers began, of which `handling` runs now.
    timers: a heap of (due ms, instance or `chunk:NAME`, attempt); stale ones are ignored when they come up.
    """

    run: str
    namespace: str
    plan: str
    seed: int
    params: dict[str, Any]
    started_ms: int
    now: int
    bundle: str | None = None
    submitted_by: str = ""
    reuse: str = ""
    fresh: tuple[str, ...] = ()
    root: Frame | None = None
    chunks: dict[str, Chunk] = msgspec.field(default_factory=dict)
    preparations: dict[str, Preparation] = msgspec.field(default_factory=dict)
    stopping: dict[str, str] = msgspec.field(default_factory=dict)
    timers: list[tuple[int, str, int]] = msgspec.field(default_factory=list)
    timer_ms: int = 0
    stop_by_ms: int = 0
    ending: Outcome | None = None
    decided: Outcome | None = None
    handling: str = ""
    outcome: Outcome | None = None
    finished_ms: int = 0
    spent: int = 0
    committed: int = 0
    unpriced: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    errors: list[str] = msgspec.field(default_factory=list)
    skipped: dict[str, str] = msgspec.field(default_factory=dict)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(RunState)


def encode_state(state: RunState) -> bytes:
    return _encoder.encode(state)


def decode_state(data: bytes) -> RunState:
    return _decoder.decode(data)
