"""Which of what is ready goes where: chunks cut inside the run's grants."""

from __future__ import annotations

import heapq
from collections.abc import Generator

import msgspec

from econda_cloud.money.prices import Price, attempt_cost
from econda_cloud.run.booking import over_budget
from econda_cloud.run.calls import leave_group
from econda_cloud.run.endings import current
from econda_cloud.run.shares import note_placed, overspent
from econda_cloud.run.state import Chunk, Group, RunState, TimerKind
from econda_cloud.run.stopping import ending
from econda_cloud.run.telling import ready_by_class
from econda_cloud.run.transitions import move
from econda_cloud.run.work import Work
from econda_cloud.wire.demand import expected_time_ms
from econda_cloud.wire.entries import TRUE_TO_THE_END, Ending, Overspent, Placed
from econda_cloud.wire.grants import Grant, chunk_size, stands_in
from econda_cloud.wire.outcome import Outcome

QUEUE_ALLOWANCE_MS = 6 * 3_600_000
"""How long beyond its own time-out an attempt may queue inside a pool before it counts as lost."""

LOOK_MS = 120_000
"""A chunk that should have ended is looked after, and then again and again, so long apart."""


def placements(work: Work) -> Generator[Placed | Ending | Overspent, None, bool]:
    """Fill the free slots of each grant, what most waits for first. A grant that is over lends nothing new.

    What would exceed the budget ends the run instead, what would exceed a share fails the step; then it is true.
    """
    state = work.state
    if not state.groups or state.ending is not None or state.outcome is not None:
        return False
    for grant in list(state.grants.values()):
        while work.now < grant.until_ms and (free := _free(state, grant.key)) > 0:
            group = _next_group(state, grant)
            if group is None:
                break
            placed = _cut(work, grant, group, free)
            if error := over_budget(work, (placed.cost or 0) * len(placed.items)):
                yield ending(work, Outcome(state="failed", error=error))
                return True
            if over := overspent(work, placed.items, placed.cost or 0):
                yield Overspent(*over)
                return True
            yield placed
    return False


def _free(state: RunState, key: str) -> int:
    grant = state.grants.get(key)
    return grant.slots - state.used.get(key, 0) if grant is not None else 0


def _next_group(state: RunState, grant: Grant) -> Group | None:
    """What goes into a free slot of a grant: of its own class, or else of one that it will do for."""
    own = [group for group in state.groups.values() if group.demand == grant.demand]
    lent_for = state.demands.get(grant.demand)
    if not own and lent_for is not None:
        own = [group for group in state.groups.values() if stands_in(grant, lent_for, state.demands[group.demand])]
    return max(own, key=lambda group: group.rank, default=None)


def _cut(work: Work, grant: Grant, group: Group, free: int) -> Placed:
    state = work.state
    demand, waiting = state.demands[group.demand], len(group.items)
    # While the broker has not had its say, there may be a slot for each of them.
    room = free if grant.array or _knows(state, group.demand) else max(free, waiting)
    size = 1 if group.solo else chunk_size(grant, grant.cold_start_ms, demand, waiting, room, group.batch)
    items = tuple(item for item, _ in zip(group.items.items(), range(size)))
    turns = 1 if grant.array else len(items)
    lease = min(grant.lease_ms, (demand.timeout_ms or 0) * turns + QUEUE_ALLOWANCE_MS if demand.timeout_ms else grant.lease_ms)  # fmt: skip
    time = expected_time_ms(demand)
    first_look = max(LOOK_MS, grant.cold_start_ms + time * turns + LOOK_MS // 4)
    return Placed(
        chunk=f"{state.run}.{state.chunks_made + 1}",
        grant=grant.key,
        items=items,
        cost=attempt_cost(_price(work, grant, here=work.here), time, grant.memory, len(items)),
        look_ms=work.now + min(first_look, lease),
        until_ms=work.now + lease,
        here=work.here,
    )


def _price(work: Work, grant: Grant, *, here: bool) -> Price:
    """What a chunk pays; whoever goes on with it where the one before has ended makes no other request."""
    if here and work.engine >= TRUE_TO_THE_END:
        return msgspec.structs.replace(grant.price, per_request=0)
    return grant.price


def _lent_for(state: RunState, grant: Grant, demand: str, attempts: int) -> Grant:
    """The grant for this class of attempts; slots of another one's that stand in become slots of it."""
    if grant.demand == demand:
        return grant
    slots = attempts if grant.array else 1
    left = grant.with_slots(grant.slots - slots)
    if left.slots:
        state.grants[grant.key] = left
    else:
        del state.grants[grant.key]
    here = msgspec.structs.replace(grant, demand=demand, slots=slots)
    before = state.grants.get(here.key)
    state.grants[here.key] = here if before is None else before.with_slots(before.slots + slots)
    return state.grants[here.key]


def _knows(state: RunState, demand: str) -> bool:
    """Whether the broker has lent all that it can, for all that is ready of a class."""
    told = state.telling
    if demand in told.open:
        return True
    return told.answered == told.version and ready_by_class(state)[demand] <= told.ready.get(demand, 0)


def place(work: Work, placed: Placed) -> None:
    state = work.state
    first = current(work, placed.items[0])
    assert first is not None, f"{placed.items[0]} is placed, but nobody waits for it"
    if first[1].phase != "ready":
        move(placed.items[0][0], first[1], "placed", f"it goes to {placed.grant.rpartition(' ')[2]}")
    wanted = state.groups[first[1].group].demand
    grant = _lent_for(state, state.grants[placed.grant], wanted, len(placed.items))
    state.chunks_made += 1
    state.chunks[placed.chunk] = chunk = Chunk(
        grant=grant.key,
        demand=grant.demand,
        pool=grant.pool,
        offer=grant.offer,
        spot=grant.spot,
        price=_price(work, grant, here=placed.here),
        array=grant.array,
        cpu_milli=grant.cpu_milli,
        memory=grant.memory,
        gpu=grant.gpu,
        open=list(placed.items),
        order=list(placed.items),
        placed_ms=work.now,
        until_ms=placed.until_ms,
        look_ms=placed.look_ms,
        seq=state.seq,
        committed=placed.cost or 0,
        here=placed.here,
        handle=work.reporter if placed.here else "",
        max_time_ms=grant.max_time_ms if work.engine >= TRUE_TO_THE_END else None,
    )
    for item in placed.items:
        found = current(work, item)
        assert found is not None, f"{item} is placed, but nobody waits for it"
        leave_group(work, item[0], found[1])
        move(item[0], found[1], "placed", f"it goes to {grant.offer}")
        found[1].chunk = placed.chunk
    state.used[grant.key] = state.used.get(grant.key, 0) + chunk.slots
    state.committed += chunk.committed * len(placed.items)
    note_placed(state, placed.chunk, placed.items)
    if not placed.here:
        state.undone[placed.chunk] = state.seq
    heapq.heappush(state.timers, (chunk.look_ms, TimerKind.LOOK, placed.chunk, 0))
