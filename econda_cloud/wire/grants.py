"""What a run tells the broker, and what the broker lends to it: both in full each time, with a version.

So a message that is lost, repeated or late changes nothing: whoever knows a newer version ignores an older one.
"""

from __future__ import annotations

import msgspec

from econda_cloud.money.prices import Price
from econda_cloud.wire.demand import Demand, expected_time_ms
from econda_cloud.wire.pools import Pool
from econda_cloud.wire.terms import Terms

SPOT_LONGEST_MS = 3_600_000
"""Longest run time risked on spot capacity without checkpoints."""

STARTS_WORTH = 2
"""A chunk is worth starting if its work takes this many times as long as the start."""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the broker thought of one offer. `refused` names the clause; else `score` (nano-dollars) ranks it."""

    offer: str
    score: int | None = None
    cost: int | None = None
    refused: str = ""
    chosen: bool = False


class Fullness(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """How an offer stood for a class of attempts that got no slot, or not enough. `refused` names the clause, else it was judged.

    free: for how many more of them it had room. ahead: attempts that waited before them for slots of its pool. score: as in
    `Verdict`. Pairs are how much of its pool was lent, of how much: slots, thousandths of cores, bytes, GPUs.
    """

    offer: str
    refused: str = ""
    score: int | None = None
    free: int = 0
    ahead: int = 0
    slots: tuple[int, int] = (0, 0)
    cpu_milli: tuple[int, int] = (0, 0)
    memory: tuple[int, int] = (0, 0)
    gpu: tuple[int, int] = (0, 0)


class Standing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How all offers stood for a class of a run that waits. left: nano-dollars of its budget that nothing is set aside for."""

    demand: str
    offers: tuple[Fullness, ...] = ()
    left: int | None = None


class Want(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How much of one class of attempts a run has: `ready` to start, and slots in use by offer (`held`).

    batch: most of them in one chunk. rank: how long (ms) the run is expected to go on once they have begun.
    """

    demand: Demand
    ready: int = 0
    held: dict[str, int] = msgspec.field(default_factory=dict)
    batch: int | None = None
    rank: int = 0


class RunTold(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event", tag="run_told"):
    """All that a run wants and holds. `spent`: nano-dollars so far; budget: of the whole run, None for none."""

    run: str
    namespace: str
    version: int
    wants: tuple[Want, ...] = ()
    terms: Terms | None = None
    spent: int = 0
    budget: int | None = None
    over: bool = False


class Grant(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Slots of an offer for attempts of one class (`demand`, its key), lent to a run.

    In all so many: what the run holds already is among them. New chunks may begin in them until `until_ms`; what has
    begun goes on. The rest is what a run needs to know of pool and offer to cut chunks and to know their cost.
    cpu_milli, memory (bytes), gpu: what a slot reserves.
    """

    demand: str
    pool: str
    offer: str
    slots: int
    until_ms: int
    price: Price
    spot: bool = False
    array: bool = False
    cpu_milli: int = 0
    memory: int = 0
    gpu: int = 0
    chunk_max: int = 1
    chunk_ms: int = 10_000
    cold_start_ms: int = 0
    lease_ms: int = 24 * 3_600_000
    max_time_ms: int | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.demand} {self.offer}"

    def with_slots(self, slots: int) -> Grant:
        return msgspec.structs.replace(self, slots=slots)


class Unplaceable(msgspec.Struct, frozen=True, kw_only=True):
    """A class of attempts that no pool of the team can ever take, with the reason of every offer."""

    demand: str
    reasons: str


def stands_in(grant: Grant, lent_for: Demand, wanted: Demand) -> bool:
    """Whether a slot that was lent for one class will do for another: all that is reserved is the same, and it lasts.

    So a chain of unlike tasks goes on in its own slot. Where a policy decides, each task is asked for.
    """
    if lent_for.task or wanted.task or "environment" in (lent_for.kind, wanted.kind):
        return False
    plain = {"time_ms": None, "timeout_ms": None, "checkpoints": False}
    if msgspec.structs.replace(lent_for, **plain) != msgspec.structs.replace(wanted, **plain):
        return False
    longest = wanted.timeout_ms or wanted.time_ms
    if grant.max_time_ms is not None and longest is not None and longest > grant.max_time_ms:
        return False
    return not grant.spot or wanted.checkpoints or (wanted.time_ms or 0) <= SPOT_LONGEST_MS


def chunk_size(
    grant: Grant | Pool, cold_start_ms: int, demand: Demand, waiting: int, room: int, batch: int | None
) -> int:
    """How many alike attempts one chunk takes; `room` is how many chunks may begin now, at least 1.

    A sequence is long enough to fill `chunk_ms`, but first every free slot gets one, unless that would make chunks
    that are not worth their start; an array has a slot for each attempt and takes all the room.
    """
    most = min(grant.chunk_max, batch or grant.chunk_max)
    if grant.array:
        return max(1, min(waiting, room, most))
    time = demand.time_ms
    fill = grant.chunk_ms // max(1, time) if time is not None else grant.chunk_max
    least = STARTS_WORTH * cold_start_ms // max(1, time) if time is not None else 1
    spread = max(least, -(-waiting // max(1, room)))
    return max(1, min(most, fill, spread, waiting))


def lending_ms(demand: Demand) -> int:
    """For how long slots are lent to begin chunks in: some chunks' time, so that few renewals are needed."""
    return max(SHORTEST_MS, min(LONGEST_MS, 8 * expected_time_ms(demand)))


SHORTEST_MS, LONGEST_MS = 30_000, 15 * 60_000
