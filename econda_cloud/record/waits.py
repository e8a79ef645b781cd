"""When an instance waited for a place, and how the offers stood meanwhile: read off its run's log, which is folded again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.run.advance import apply
from econda_cloud.run.state import Group, RunState
from econda_cloud.wire.entries import Entry
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import Standing

HOLDERS_TOLD = 20
"""Instances of the run itself that are named as holders."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """How the broker said that it stood, at `at_ms`. own_ahead: attempts of the run's own class that were ready before.

    held: slots that the run itself held then. holders: the instances in them, the first so many. in_parallel: how many the
    run's policy lets it have at once, if it had as many.
    """

    at_ms: int
    standing: Standing
    own_ahead: int
    held: int
    holders: tuple[str, ...] = ()
    in_parallel: int | None = None


class Wait(msgspec.Struct, kw_only=True):
    """An attempt was ready from `since_ms` to `until_ms` (0: still is) and had no place. heard: at first, and last if that differs."""

    attempt: int
    since_ms: int
    until_ms: int = 0
    heard: list[Heard] = msgspec.field(default_factory=list)

    def add(self, heard: Heard) -> None:
        if self.heard and self.heard[-1].standing == heard.standing:
            return
        self.heard[1:] = [heard]


def waits_of(plan: Plan, entries: Iterable[Entry], instance: str) -> list[Wait]:
    """Oldest first. Money and times as everywhere: nano-dollars, ms since the epoch."""
    state: RunState | None = None
    found: list[Wait] = []
    open_: Wait | None = None
    for entry in entries:
        state = apply(plan, state, entry)
        group = group_of(state, instance) if state is not None else None
        attempt = group.items[instance] if group is not None else 0
        if state is None:
            continue
        if open_ is not None and open_.attempt != attempt:
            open_.until_ms, open_ = state.now, None
        if group is None:
            continue
        if open_ is None:
            open_ = Wait(attempt=attempt, since_ms=state.now)
            found.append(open_)
        for event in entry.events:
            for each in event.waiting if isinstance(event, GrantsSet) else ():
                if each.demand == group.demand:
                    open_.add(heard_now(plan, state, instance, each))
    return found


def group_of(state: RunState, instance: str) -> Group | None:
    """The group in which an instance is ready; None if it is not."""
    return next((group for group in state.groups.values() if instance in group.items), None)


def behind(state: RunState, instance: str) -> list[str]:
    """Instances that run before it in the slot that it was placed in, one after another."""
    for chunk in state.chunks.values():
        names = [item[0] for item in chunk.open]
        if instance in names and not chunk.array:
            return names[: names.index(instance)]
    return []


def heard_now(plan: Plan, state: RunState, instance: str, standing: Standing) -> Heard:
    """What is to be told beside the broker's word: what the run itself holds now."""
    own = [name for group in state.groups.values() if group.demand == standing.demand for name in group.items]
    # Of a sequence one runs, and the others wait for it.
    holders = [item[0] for chunk in state.chunks.values() for item in (chunk.open if chunk.array else chunk.open[:1])]
    held, most = sum(state.used.values()), plan.policy.max_parallel if plan.policy is not None else None
    return Heard(
        at_ms=state.now,
        standing=standing,
        own_ahead=own.index(instance) if instance in own else 0,
        held=held,
        holders=tuple(holders[:HOLDERS_TOLD]),
        in_parallel=most if most is not None and held >= most else None,
    )
