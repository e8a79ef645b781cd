"""What can go wrong in a simulated world, and how often: everything drawn from one seed."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Faults:
    """Chances, each per occasion.

    crash: a scheduler dies before an effect. stall: it pauses there while the rest of the world goes on.
    throttle: a request is refused. lost_answer: a log takes a record, but says that somebody else was faster.
    duplicate: a message comes twice. delay: it comes late. drop: its deletion is forgotten. death: a worker dies
    at a step. lost: an invocation fails before its worker begins; vanish: without anybody saying so. late: the word
    of a dead worker comes late and twice. reclaim: a host is taken away. skew: a process has another time.
    deploy: new pools and prices midway. cancel: a user cancels a run. outage: services answer nothing for up to hours.
    upgrade: functions of a newer version take the place of the older ones, one after another, midway.
    refuse: a pool refuses a chunk for good. unheard: a pool forgets to say that a job has failed. poison: messages that nobody can
    deal with come by all queues, and deciding on some events of one run raises.
    """

    crash: float = 0.0
    stall: float = 0.0
    throttle: float = 0.0
    lost_answer: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    drop: float = 0.0
    death: float = 0.0
    lost: float = 0.0
    vanish: float = 0.0
    late: float = 0.0
    reclaim: float = 0.0
    skew: float = 0.0
    deploy: float = 0.0
    cancel: float = 0.0
    outage: float = 0.0
    refuse: float = 0.0
    unheard: float = 0.0
    poison: float = 0.0
    upgrade: float = 0.0

    def without(self, kind: str) -> Faults:
        return dataclasses.replace(self, **{kind: 0.0})

    def fewer(self, times: int) -> Faults:
        """So many times fewer of those whose occasions grow with the world."""
        rates = {kind: getattr(self, kind) for kind in dataclasses.asdict(self) if kind not in ONCE}
        return dataclasses.replace(self, **{kind: rate / times for kind, rate in rates.items()})

    def kinds(self) -> list[str]:
        return [field.name for field in dataclasses.fields(self) if getattr(self, field.name) > 0]


ONCE = frozenset({"skew", "deploy", "cancel", "outage", "poison", "upgrade"})
"""Kinds that happen once in a world, a run or a process."""

WORST = {"crash": 0.06, "stall": 0.05, "throttle": 0.03, "lost_answer": 0.05, "duplicate": 0.3, "delay": 0.3,
         "drop": 0.2, "death": 0.08, "lost": 0.1, "vanish": 0.03, "late": 0.5, "reclaim": 0.1, "skew": 0.5,
         "deploy": 1.0, "cancel": 0.4, "outage": 0.5, "refuse": 0.03, "unheard": 0.2, "poison": 0.1,
         "upgrade": 0.4}  # fmt: skip
"""Above these a world is busy with its faults alone."""


def drawn_faults(seed: int) -> Faults:
    """A random half of the kinds: a world with all of them at once hides what two of them do together."""
    dice = random.Random(f"{seed}/faults")
    return Faults(**{kind: worst * dice.random() if dice.random() < 0.5 else 0.0 for kind, worst in WORST.items()})


class Chance:
    """One stream of numbers per kind of decision, so that leaving one kind of fault out leaves the others alone."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self._seed, self.faults = seed, faults
        self._streams: dict[str, random.Random] = {}
        self.calm = False
        """Once true, nothing goes wrong any more."""

    def stream(self, kind: str) -> random.Random:
        if kind not in self._streams:
            self._streams[kind] = random.Random(f"{self._seed}/{kind}")
        return self._streams[kind]

    def hits(self, kind: str) -> bool:
        """Whether this fault happens now."""
        rate = getattr(self.faults, kind)
        return rate > 0 and self.stream(kind).random() < rate and not self.calm

    def between(self, kind: str, low: int, high: int) -> int:
        return self.stream(kind).randint(low, high)
