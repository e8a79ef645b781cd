"""Shares of the budget: what a pipeline that runs as a step may cost, and how long it may go on.

A share counts everything below its step, also below pipelines inside it; what it counts is booked for the run as well.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from econda_edsl.plan import Subpipeline

from econda_cloud.money.amounts import NANOS_PER_MICRO, format_usd
from econda_cloud.run.state import Chunk, RunState, Share, TimerKind
from econda_cloud.run.work import At, Work
from econda_cloud.wire.events import Item

HOUR_MS = 3_600_000


def begin_share(work: Work, places: list[At], node: Subpipeline) -> None:
    """A pipeline begins as a step: from now on its share and its deadline count."""
    state, instance = work.state, work.instance(places)
    if node.budget_micros is not None:
        state.shares[instance] = Share(limit=node.budget_micros * NANOS_PER_MICRO)
    if node.deadline_ms is not None:
        heapq.heappush(state.timers, (work.now + node.deadline_ms, TimerKind.DEADLINE, instance, 0))


def end_share(work: Work, places: list[At]) -> None:
    if work.state.shares:
        work.state.shares.pop(work.instance(places), None)


def shares_of(state: RunState, instance: str) -> Iterator[Share]:
    """The shares that an instance counts for."""
    above = instance
    while state.shares and "/" in above:
        above = above.rpartition("/")[0]
        if above in state.shares:
            yield state.shares[above]


def note_placed(state: RunState, chunk: str, items: Iterable[Item]) -> None:
    for instance, _ in items:
        for share in shares_of(state, instance):
            share.open[chunk] = share.open.get(chunk, 0) + 1


def note_booked(state: RunState, item: Item, chunk: str, nanos: int) -> None:
    """An attempt of a chunk is over and has cost so much."""
    for share in shares_of(state, item[0]):
        share.spent += nanos
        left = share.open.pop(chunk, 0) - 1
        if left > 0:
            share.open[chunk] = left


def overspent(work: Work, items: Iterable[Item] = (), cost: int = 0) -> tuple[str, str] | None:
    """A pipeline whose share does not last, and why, if these attempts began as well, each for `cost` nano-dollars."""
    state = work.state
    if not state.shares:
        return None
    more: dict[int, int] = {}
    for instance, _ in items:
        for share in shares_of(state, instance):
            more[id(share)] = more.get(id(share), 0) + cost
    for name, share in state.shares.items():
        committed = sum(count * state.chunks[chunk].committed for chunk, count in share.open.items())
        needed = share.spent + max(committed + more.get(id(share), 0), _accrued(state, name, share, work.now))
        if needed > share.limit:
            asked = f"{format_usd(needed)} is spent or committed"
            return name, f"{name}: budget: its share of {format_usd(share.limit)} would be exceeded, {asked}"
    return None


def shares_end_ms(work: Work) -> int | None:
    """When what runs now will have used a share up, None if it never will; in ms since the epoch."""
    ends = [
        used_up_ms(work.now, share.limit - share.spent, partial(_accrued, work.state, name, share))
        for name, share in work.state.shares.items()
    ]
    return min((end for end in ends if end is not None), default=None)


def used_up_ms(now: int, left: int, accrued: Callable[[int], int]) -> int | None:
    """When so many nano-dollars will be used up, None if they never are; `accrued` tells what has been used by a time."""
    an_hour = accrued(now + HOUR_MS) - (soon := accrued(now))
    return now + max(1, (left - soon) * HOUR_MS // an_hour + 1) if an_hour > 0 else None


def _accrued(state: RunState, name: str, share: Share, now: int) -> int:
    """Nano-dollars that what is at work below a step has cost by now, beyond what is booked."""
    total = 0
    for chunk_name, count in share.open.items():
        chunk = state.chunks[chunk_name]
        total += chunk.cost_by(now, count if chunk.array else int(_is_first(chunk, name)))
    return total


def _is_first(chunk: Chunk, name: str) -> bool:
    """Whether the one of a sequence that is at work is below a step."""
    return bool(chunk.open) and chunk.open[0][0].startswith(f"{name}/")
