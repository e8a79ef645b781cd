"""What attempts have cost: each that held capacity is booked once, from its real start to its real end."""

from __future__ import annotations

import msgspec

from econda_cloud.money.amounts import NANOS_PER_MICRO, format_usd
from econda_cloud.money.prices import attempt_cost
from econda_cloud.run.shares import note_booked, used_up_ms
from econda_cloud.run.state import Chunk, Outlived, RunState
from econda_cloud.run.stopping import stop_name
from econda_cloud.run.work import Work
from econda_cloud.wire.entries import TRUE_TO_THE_END, Booked
from econda_cloud.wire.events import ChunkLost, Item

OUTLIVED_MOST = 1_000
"""Attempts that were given up and may still be at work: so many are remembered."""


def book(work: Work, item: Item, name: str, started_ms: int, ended_ms: int, *, paid: bool = True) -> None:
    """Book an attempt of a chunk and take it out of there. The cost of a request is shared by the whole chunk.

    paid: whether its pool took it at all.
    """
    state = work.state
    chunk = state.chunks.get(name)
    if chunk is None or item not in chunk.open:
        return
    lasted = max(0, ended_ms - started_ms)
    cost = work.choices.make(
        Booked, lambda: Booked(attempt_cost(chunk.price, lasted, chunk.memory, len(chunk.order)) if paid else 0)
    ).nanos
    if cost is None:
        state.unpriced += 1
    else:
        state.spent += cost
    note_booked(state, item, name, cost or 0)
    state.committed -= chunk.committed
    slots = chunk.slots
    chunk.open.remove(item)
    chunk.heard_ms = max(chunk.heard_ms, ended_ms or work.now)
    freed = slots - (chunk.slots if chunk.open else 0)
    if freed:
        _free(state, chunk.grant, freed)
    if not chunk.open:
        del state.chunks[name]
        state.undone.pop(name, None)
        state.looked.pop(name, None)


def _free(state: RunState, grant: str, slots: int) -> None:
    state.used[grant] -= slots
    if not state.used[grant]:
        del state.used[grant]


def held_since(chunk: Chunk, item: Item) -> int | None:
    """Since when an attempt that was never heard of holds its place, as far as anybody can tell; None if it does not.

    All of an array do since they were placed; of a sequence the first that is open does, since the one before it ended.
    """
    if chunk.array:
        return chunk.placed_ms
    return max(chunk.heard_ms, chunk.placed_ms) if chunk.open[:1] == [item] else None


def note_outlived(work: Work, item: Item, name: str, until_ms: int) -> None:
    """An attempt of a chunk is booked until now although it may go on, or begin only now: what it is heard of later is
    booked then. So many are remembered, and the oldest forgotten.
    """
    outlived, chunk = work.state.outlived, work.state.chunks[name]
    found = Outlived(price=chunk.price, memory=chunk.memory, until_ms=until_ms)
    if work.engine >= TRUE_TO_THE_END:
        place = chunk.order.index(item)
        outlived[stop_name(item)] = msgspec.structs.replace(found, chunk=name, index=place)
        if len(outlived) > OUTLIVED_MOST:
            del outlived[next(iter(outlived))]
    elif len(outlived) < OUTLIVED_MOST and held_since(chunk, item) is not None:
        outlived[stop_name(item)] = found


def book_outlived(work: Work, item: Item, started_ms: int, ended_ms: int) -> None:
    """An attempt that was given up has told of its end: what of it is not booked yet is booked now."""
    found = work.state.outlived.pop(stop_name(item), None)
    if found is not None:
        _book_rest(work, found, started_ms, ended_ms)


def book_jobs_end(work: Work, event: ChunkLost) -> None:
    """A pool tells when the job has ended that had the claim of a chunk, of which an attempt was given up before."""
    if not event.ended_ms or not event.claimed:
        return
    outlived = work.state.outlived
    for name, found in list(outlived.items()):
        if found.chunk == event.chunk and event.index in (None, found.index):
            _book_rest(work, found, event.started_ms, event.ended_ms)
            outlived[name] = msgspec.structs.replace(found, until_ms=max(found.until_ms, event.ended_ms))
            # Of a sequence only its worker can tell which of its attempts was at work.
            return


def _book_rest(work: Work, found: Outlived, started_ms: int, ended_ms: int) -> None:
    if ended_ms <= found.until_ms:
        return
    timed, lasted = msgspec.structs.replace(found.price, per_request=0), ended_ms - max(found.until_ms, started_ms)
    cost = work.choices.make(Booked, lambda: Booked(attempt_cost(timed, max(0, lasted), found.memory))).nanos
    work.state.spent += cost or 0


def accrued(state: RunState, now: int) -> int:
    """Nano-dollars that the attempts at work have cost by now, beyond what is booked."""
    return sum(chunk.cost_by(now, len(chunk.open) if chunk.array else 1) for chunk in state.chunks.values())


def over_budget(work: Work, more: int = 0) -> str:
    """Why the run must end if `more` nano-dollars were committed as well, or an empty text."""
    budget = work.program.plan.settings.budget_micros
    if budget is None:
        return ""
    state, limit = work.state, budget * NANOS_PER_MICRO
    needed = state.spent + max(state.committed + more, accrued(state, work.now))
    if needed <= limit:
        return ""
    return f"budget: {format_usd(limit)} would be exceeded, {format_usd(needed)} is spent or committed"


def budget_ends_ms(work: Work) -> int | None:
    """When what runs now will have used the budget up, None if it never will; in ms since the epoch."""
    budget, state = work.program.plan.settings.budget_micros, work.state
    if budget is None or not state.chunks:
        return None
    return used_up_ms(work.now, budget * NANOS_PER_MICRO - state.spent, lambda now: accrued(state, now))
