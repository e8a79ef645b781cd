"""The state of one run: a tree of frames that mirrors the plan, expanded only where something is active.

Wide fans are kept compactly: a byte per member, and frames only for members that are running.
`decide` and `apply` use up the state they are given and change it in place; keep a copy by encoding it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal, TypeAlias

import msgspec

from econda_cloud.money.prices import Price, attempt_cost
from econda_cloud.wire.commands import Kept
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import Item, Published
from econda_cloud.wire.grants import Grant, RunTold
from econda_cloud.wire.outcome import Outcome

Phase: TypeAlias = Literal["looking", "preparing", "backing_off", "ready", "placed"]


class TimerKind(IntEnum):
    """What a timer is about: the deadline of the run or of a pipeline that is a step of it, the end of a call's back-off, a chunk to look after."""

    DEADLINE = 0
    BACK_OFF = 1
    LOOK = 2


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
    `due_ms`), ready (in the group `group`, for a slot), placed (in the chunk `chunk`). Legal changes: `transitions`.
    """

    task: str
    args: dict[str, Any]
    phase: Phase = "looking"
    attempt: int = 1
    tries: int = 0
    losses: int = 0
    due_ms: int = 0
    group: str = ""
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
    """A `when` whose arm `arm` was taken, or a pipeline that runs as a step (arm 0)."""

    arm: int
    frame: Frame


class Loop(msgspec.Struct, tag="loop"):
    """A `repeat` in its round `round`, counted from 1."""

    round: int
    up_to: int
    frame: Frame


AnyActive: TypeAlias = Call | Fan | Branch | Loop


class Group(msgspec.Struct):
    """Attempts that are ready and may go into one chunk, oldest first: of one task, one class and one `batch`.

    solo: each has a chunk of its own, because an earlier one of it was lost. rank: see `grants.Want`.
    """

    demand: str
    task: str
    batch: int | None = None
    solo: bool = False
    rank: int = 0
    items: dict[str, int] = msgspec.field(default_factory=dict)


class Chunk(msgspec.Struct):
    """Attempts placed together, until all of them have ended; `order` are all, `open` those that have not.

    until_ms: they are missed then. look_ms: looked after then. seq: the record that placed them. committed: nano-dollars
    that each is expected to cost. heard_ms: when the last of a sequence was heard of, from when on the next one runs.
    waits: why its pool has not taken it yet. here: it was never handed over, see `entries.Placed`. max_time_ms: its pool
    lets nothing last longer, None for no limit. The rest is of its grant.
    """

    grant: str
    demand: str
    pool: str
    offer: str
    spot: bool
    price: Price
    array: bool
    cpu_milli: int
    memory: int
    gpu: int
    open: list[Item]
    order: list[Item]
    placed_ms: int
    until_ms: int
    look_ms: int
    seq: int
    committed: int = 0
    handle: str = ""
    heard_ms: int = 0
    waits: str = ""
    here: bool = False
    max_time_ms: int | None = None

    @property
    def slots(self) -> int:
        """How many slots of its grant it uses."""
        return len(self.open) if self.array else 1

    def cost_by(self, now: int, running: int) -> int:
        """Nano-dollars that so many of its attempts, at work now, have cost by then beyond what is booked."""
        since = self.placed_ms if self.array else max(self.placed_ms, self.heard_ms)
        return running * (attempt_cost(self.price, max(0, self.held_until(since, now) - since), self.memory) or 0)

    def held_until(self, since_ms: int, now: int) -> int:
        """Until when an attempt that holds its place since then may hold it: its pool may let nothing last so long."""
        return now if self.max_time_ms is None else min(now, since_ms + self.max_time_ms)


class Share(msgspec.Struct):
    """What a pipeline that runs as a step may cost and has cost, in nano-dollars; `open`: its attempts by their chunk."""

    limit: int
    spent: int = 0
    open: dict[str, int] = msgspec.field(default_factory=dict)


class Stop(msgspec.Struct, frozen=True):
    """An attempt that was told to stop and may still run, and the record that told it."""

    item: Item
    chunk: str
    seq: int


class Asked(msgspec.Struct, frozen=True):
    """A call that looks for a result, and the record since which it does."""

    attempt: int
    seq: int


class Abandoned(msgspec.Struct, frozen=True):
    """A chunk that was given up in record `seq` while its `items` may have been at work; `order` are all it had."""

    seq: int
    chunk: str
    pool: str
    offer: str
    handle: str
    items: tuple[Item, ...]
    order: tuple[Item, ...]


class Outlived(msgspec.Struct, frozen=True):
    """An attempt that was given up while it may have been at work, booked until `until_ms`; of a chunk, as its `index`."""

    price: Price
    memory: int
    until_ms: int
    chunk: str = ""
    index: int = 0


class ToKeep(msgspec.Struct, frozen=True):
    """A result to be kept for later runs, of this record."""

    seq: int
    kept: Kept


class Telling(msgspec.Struct):
    """What the broker was told last (`version`, by record `seq`), in these words; `ready`: how many of each class were.

    answered: the version that its last answer is about. open: classes of which it knows that more is wanted than lent.
    """

    version: int = 0
    seq: int = 0
    words: RunTold | None = None
    ready: dict[str, int] = msgspec.field(default_factory=dict)
    over: bool = False
    answered: int = 0
    open: list[str] = msgspec.field(default_factory=list)


class Preparation(msgspec.Struct):
    """An environment of the plan: being built (`call`) with instances waiting for it, or built (`archive`).

    `stopped` is the number of the last attempt that was stopped or failed for good: a handler that needs the environment
    goes on from it.
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


class Leading(msgspec.Struct):
    """A call that is tried for all that are equal to it: the key by which they are, and those that wait for its result."""

    key: str
    waiting: list[Item] = msgspec.field(default_factory=list)


class RunState(msgspec.Struct):
    """Everything the engine knows of a run after `seq` records, the effects of the first `carried` of which are done.

    unsure: the first record after those whose effects may not be done although another one follows; 0 for none;
    unsure_last: the last such record.
    demands: classes by their key; groups: what is ready. grants: what the broker lends (`grants_version` counts what it
    told), used: slots in use, both by `Grant.key`. telling: what it was told.
    leading: calls that are tried for others, by instance; leads: which of them, by what it depends on.
    undone: chunks not handed over yet for all we know; looked: chunks that are looked after; looking: calls that look
    for a result; kept: results to keep; each with the record that says so.
    stopping: attempts told to stop that a pool may still be running; the run ends when they have, or at `stop_by_ms`.
    skipped: instances in branches not taken, with the reason (the first thousand). reuse, fresh: see `RunStarted`.
    decided: how the run ended before its handlers began, of which `handling` runs now.
    shares: of the budget, by the instance of the pipeline that runs as a step.
    timers: a heap of (due ms, kind, instance or chunk, attempt); stale ones are thrown away when there are more of them
    than of others; `timers_kept` is how many there were after that.
    wake_ms: when the run asked to be woken, in record `wake_seq`. live: members of fans begun and not ended.
    unshown: whether there is news for its status, which was written at `shown_ms`, as record `shown_seq` says.
    publish_to: where its outputs are to be copied, once it has succeeded; published: what became of that, told by record
    `published_seq`.
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
    seq: int = 0
    carried: int = 0
    unsure: int = 0
    unsure_last: int = 0
    root: Frame | None = None
    demands: dict[str, Demand] = msgspec.field(default_factory=dict)
    groups: dict[str, Group] = msgspec.field(default_factory=dict)
    grants: dict[str, Grant] = msgspec.field(default_factory=dict)
    grants_version: int = 0
    used: dict[str, int] = msgspec.field(default_factory=dict)
    telling: Telling = msgspec.field(default_factory=Telling)
    chunks: dict[str, Chunk] = msgspec.field(default_factory=dict)
    chunks_made: int = 0
    undone: dict[str, int] = msgspec.field(default_factory=dict)
    looked: dict[str, int] = msgspec.field(default_factory=dict)
    looking: dict[str, Asked] = msgspec.field(default_factory=dict)
    leading: dict[str, Leading] = msgspec.field(default_factory=dict)
    leads: dict[str, str] = msgspec.field(default_factory=dict)
    kept: list[ToKeep] = msgspec.field(default_factory=list)
    preparations: dict[str, Preparation] = msgspec.field(default_factory=dict)
    stopping: dict[str, Stop] = msgspec.field(default_factory=dict)
    timers: list[tuple[int, int, str, int]] = msgspec.field(default_factory=list)
    timers_kept: int = 0
    wake_ms: int = 0
    wake_seq: int = 0
    unshown: bool = True
    shown_ms: int = 0
    shown_seq: int = 0
    live: int = 0
    stop_by_ms: int = 0
    ending: Outcome | None = None
    decided: Outcome | None = None
    handling: str = ""
    outcome: Outcome | None = None
    finished_ms: int = 0
    finished_seq: int = 0
    publish_to: str = ""
    published: Published | None = None
    published_seq: int = 0
    spent: int = 0
    committed: int = 0
    unpriced: int = 0
    shares: dict[str, Share] = msgspec.field(default_factory=dict)
    abandoned: list[Abandoned] = msgspec.field(default_factory=list)
    outlived: dict[str, Outlived] = msgspec.field(default_factory=dict)
    counts: Counts = msgspec.field(default_factory=Counts)
    errors: list[str] = msgspec.field(default_factory=list)
    skipped: dict[str, str] = msgspec.field(default_factory=dict)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(RunState)


def encode_state(state: RunState) -> bytes:
    return _encoder.encode(state)


def decode_state(data: bytes) -> RunState:
    return _decoder.decode(data)
