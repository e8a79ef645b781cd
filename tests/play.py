"""A run without a scheduler: what it hears, what it wants done, and a broker that lends whatever is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import FailureKind, Plan, decode_plan, encode_plan

from econda_cloud.money.prices import Price
from econda_cloud.run.advance import apply, decide
from econda_cloud.run.invariants import check
from econda_cloud.run.pending import pending
from econda_cloud.run.state import RunState, decode_state, encode_state
from econda_cloud.wire.commands import AnyCommand, Dispatch, TellBroker
from econda_cloud.wire.entries import Entry, decode_entry, encode_entry
from econda_cloud.wire.events import AnyEvent, AttemptFailed, AttemptSucceeded, GrantsSet, Item, RunStarted, TimerFired
from econda_cloud.wire.grants import Grant, RunTold

YEAR_MS = 365 * 24 * 3_600_000


def plan_of(source: str) -> Plan:
    """The plan of a program, as it is read from the store."""
    compiled = compile_source(source)
    assert compiled.plan is not None, compiled.render(color=False)
    return decode_plan(encode_plan(compiled.plan))


def folded(plan: Plan, records: Sequence[bytes]) -> RunState | None:
    """The state that a log comes to."""
    state: RunState | None = None
    for record in records:
        state = apply(plan, state, decode_entry(record))
    return state


class Play:
    """A run that hears events. After each, its record must fold the state before it to the very same state after it.

    `most` is how many slots the broker lends of each class, None for all that is wanted and 0 for silence; `grant` are
    more members of each `Grant`.
    """

    def __init__(
        self,
        plan: Plan,
        params: dict[str, Any] | None = None,
        *,
        most: int | None = None,
        grant: dict[str, Any] | None = None,
        now: int = 1_000_000,
        **started: Any,
    ) -> None:
        self.plan, self.most, self.now = plan, most, now
        self.grant: dict[str, Any] = {"array": True, "chunk_max": 100, "lease_ms": YEAR_MS, **(grant or {})}
        self.state: RunState | None = None
        self.records: list[bytes] = []
        self.entries: list[Entry] = []
        self.commands: list[AnyCommand] = []
        self.told: list[RunTold] = []
        self.answers = 0
        self.hear(RunStarted(run="r", namespace="n", plan=plan.digest, params=params or {}, seed=1, **started))

    @property
    def run(self) -> RunState:
        assert self.state is not None
        return self.state

    @property
    def outcome(self) -> Any:
        return self.run.outcome

    def hear(self, *events: AnyEvent, at: int | None = None) -> list[AnyCommand]:
        """What the run wants done because of these, and of what the broker answers to that."""
        self.now = self.now + 1 if at is None else at
        wanted = self._one(events)
        while self.most != 0 and (told := next((c.told for c in wanted if isinstance(c, TellBroker)), None)):
            if told.over:
                break
            wanted = [each for each in wanted if not isinstance(each, TellBroker)] + self._one([self.lent(told)])
        self.commands += wanted
        return wanted

    def _one(self, events: Sequence[AnyEvent]) -> list[AnyCommand]:
        before = encode_state(self.state) if self.state is not None else b""
        seq = self.state.seq if self.state is not None else 0
        self.state, entry = decide(self.plan, self.state, events, self.now, carried=seq)
        record = encode_entry(entry)
        again = apply(self.plan, decode_state(before) if before else None, decode_entry(record))
        assert again is not None
        assert encode_state(again) == encode_state(self.run), "the record folds to another state"
        check(self.plan, self.run)
        self.records.append(record)
        self.entries.append(entry)
        commands = pending(self.run, seq)
        self.told += [each.told for each in commands if isinstance(each, TellBroker)]
        return commands

    def lent(self, told: RunTold, **more: Any) -> GrantsSet:
        """What the broker answers."""
        self.answers += 1
        grants, short = [], []
        for want in told.wants:
            held = sum(want.held.values())
            slots = held + want.ready if self.most is None else min(self.most, held + want.ready)
            short += [want.demand.key] if slots < held + want.ready else []
            memory = {"memory": want.demand.memory, "cpu_milli": want.demand.cpu_milli}
            members = {"pool": "x", "offer": "x", "price": Price(), "until_ms": self.now + YEAR_MS, **memory}
            grants.append(Grant(demand=want.demand.key, slots=max(slots, held), **{**members, **self.grant}))
        answer = GrantsSet(version=self.answers, told=told.version, grants=tuple(g for g in grants if g.slots), open=tuple(short))  # fmt: skip
        return msgspec.structs.replace(answer, **more)

    # What is at work -----------------------------------------------------------------------------------------------

    @property
    def placed(self) -> list[Item]:
        """Attempts that are at work, those placed first before the others."""
        return [item for chunk in self.run.chunks.values() for item in chunk.open]

    @property
    def ready(self) -> list[Item]:
        return [item for group in self.run.groups.values() for item in group.items.items()]

    @property
    def asked(self) -> list[str]:
        """Instances that were handed over, in order."""
        return [instance for c in self.commands if isinstance(c, Dispatch) for instance, _ in c.items]

    def dispatch(self) -> Dispatch:
        """The one chunk handed over last."""
        return next(each for each in reversed(self.commands) if isinstance(each, Dispatch))

    def succeed(self, instance: str = "", *, at: int | None = None, lasted: int = 1, **outputs: Any) -> list[AnyCommand]:  # fmt: skip
        """The attempt of this instance that is at work, or the first of all, succeeds."""
        return self.hear(self.success(instance, at=at, lasted=lasted, **outputs), at=at)

    def success(self, instance: str = "", *, at: int | None = None, lasted: int = 1, **outputs: Any) -> AttemptSucceeded:  # fmt: skip
        name, attempt = self._item(instance)
        ended = self.now + 1 if at is None else at
        return AttemptSucceeded(instance=name, attempt=attempt, outputs=outputs or {"y": 1}, started_ms=ended - lasted, ended_ms=ended)  # fmt: skip

    def fail(self, instance: str = "", failure: FailureKind = "failed", message: str = "broken") -> list[AnyCommand]:
        name, attempt = self._item(instance)
        return self.hear(AttemptFailed(instance=name, attempt=attempt, failure=failure, message=message, started_ms=self.now, ended_ms=self.now + 1))  # fmt: skip

    def _item(self, instance: str) -> Item:
        return next(item for item in self.placed if instance in ("", item[0]))

    def wait(self, at: int | None = None) -> list[AnyCommand]:
        """Time passes, until the run has asked to be woken or until then."""
        at = self.run.wake_ms if at is None else at
        return self.hear(TimerFired(at_ms=at), at=max(at, self.now))
