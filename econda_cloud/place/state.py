"""The broker's state: pools, what runs want, and what is lent to them."""

from __future__ import annotations

import msgspec

from econda_cloud.wire.demand import Demand
from econda_cloud.wire.grants import Unplaceable, Verdict
from econda_cloud.wire.pools import Pool
from econda_cloud.wire.terms import Terms


class Lent(msgspec.Struct):
    """Slots of an offer lent to a run for one class. reserved: nano-dollars set aside for them in the ledger.

    most: it was told to keep no more than so many, and gives the others back as they end.
    """

    pool: str
    offer: str
    slots: int
    until_ms: int = 0
    reserved: int = 0
    most: int | None = None


class Line(msgspec.Struct):
    """What a run wants of one class: `ready` attempts, since `since_ms`, beyond those for which there is `lent`.

    waits: whether it is to get more as soon as there is room. verdicts: of its own policy, empty without one.
    batch, rank: see `grants.Want`.
    """

    demand: str
    ready: int
    since_ms: int
    batch: int | None = None
    rank: int = 0
    waits: bool = False
    lent: dict[str, Lent] = msgspec.field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()


class Account(msgspec.Struct):
    """A run as the broker knows it. told: the version it told last; version: how often it was answered.

    answer_seq: the record that answers it last. spent, budget: nano-dollars; None for no budget.
    """

    run: str
    namespace: str
    told: int = 0
    version: int = 0
    answer_seq: int = 0
    lines: dict[str, Line] = msgspec.field(default_factory=dict)
    terms: Terms | None = None
    spent: int = 0
    budget: int | None = None
    unplaceable: tuple[Unplaceable, ...] = ()

    @property
    def priority(self) -> int:
        return self.terms.priority if self.terms else 0

    @property
    def reserved(self) -> int:
        """Nano-dollars set aside for what is lent."""
        return sum(lent.reserved for line in self.lines.values() for lent in line.lent.values())


class Used(msgspec.Struct):
    """What of a pool is lent: slots, thousandths of cores, bytes, GPUs."""

    slots: int = 0
    cpu_milli: int = 0
    memory: int = 0
    gpu: int = 0


class BrokerState(msgspec.Struct):
    """Everything the broker knows after `seq` records, of which the first `carried` are carried out.

    demands: classes by key. waiting: by class, the runs that wait, who came first first. used, by pool: what all lines'
    `lent` adds up to. on_offer, by offer and class: slots lent. verdicts: of each class without regard to policies.
    answers: runs to be answered, by the record that says so. over: runs that have ended lately, with the version that said
    so: what comes late of them is not heard. wake_ms: when it asked to be woken, in record `wake_seq`.
    """

    seq: int = 0
    carried: int = 0
    now: int = 0
    pools: dict[str, Pool] = msgspec.field(default_factory=dict)
    demands: dict[str, Demand] = msgspec.field(default_factory=dict)
    runs: dict[str, Account] = msgspec.field(default_factory=dict)
    waiting: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    used: dict[str, Used] = msgspec.field(default_factory=dict)
    on_offer: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, ...]] = msgspec.field(default_factory=dict)
    answers: dict[str, int] = msgspec.field(default_factory=dict)
    over: dict[str, int] = msgspec.field(default_factory=dict)
    wake_ms: int = 0
    wake_seq: int = 0


_encoder = msgspec.msgpack.Encoder()


def encode_state(state: BrokerState) -> bytes:
    return _encoder.encode(state)
