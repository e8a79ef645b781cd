"""The broker: `step(state, events, now) -> (state, commands)`, pure and total like the run engine.

It keeps capacity and gives each waiting attempt the best offer that has room, with its reasons. The state given
is used up.
"""

from __future__ import annotations

from collections.abc import Iterable

from econda_cloud.place import capacity
from econda_cloud.place.events import (
    AnyBrokerCommand,
    AnyBrokerEvent,
    AttemptsReleased,
    Place,
    PlacementRequested,
    PoolsDeclared,
    Refuse,
)
from econda_cloud.place.score import Option, options, price_for, waiting_cost
from econda_cloud.place.state import BrokerState, Held, Waiting
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import AttemptsPlaced, Item, Verdict
from econda_cloud.wire.pools import Offer, Pool

STARTS_WORTH = 2
"""A chunk is worth starting if its work takes this many times as long as the start."""

QUEUE_ALLOWANCE_MS = 6 * 3_600_000
"""How long beyond its own time-out an attempt may queue inside a pool before it counts as lost."""


def step(state: BrokerState, events: Iterable[AnyBrokerEvent], now: int) -> tuple[BrokerState, list[AnyBrokerCommand]]:
    """Take events into the broker at `now` (ms, for placements that depend on time) and place what waits."""
    commands: list[AnyBrokerCommand] = []
    for event in events:
        match event:
            case PoolsDeclared(pools=pools):
                state.pools = {pool.name: pool for pool in pools}
                for waiting in state.waiting:
                    waiting.looked = False
            case PlacementRequested():
                commands += _enqueue(state, event, now)
            case AttemptsReleased(run=run, items=items):
                for item in items:
                    _release(state, run, item)
    return state, [*commands, *_place_waiting(state, now)]


def _key(run: str, item: Item) -> str:
    return f"{run} {item[0]}#{item[1]}"


def _enqueue(state: BrokerState, event: PlacementRequested, now: int) -> list[AnyBrokerCommand]:
    """Queue what is not placed already; for what is, repeat the answer, which may have been lost in a crash."""
    queued = next((w for w in state.waiting if w.run == event.run and w.demand == event.demand), None)
    fresh = {i: n for i, n in event.items if _key(event.run, (i, n)) not in state.placed}
    for instance in fresh:
        _forget_refusal(state, event.run, instance)
    if queued is not None:
        queued.items.update(fresh)
        queued.rank = max(queued.rank, event.rank)
        queued.looked = queued.looked and queued.terms == event.terms
        queued.terms = event.terms
    elif fresh:
        group = Waiting(
            run=event.run, demand=event.demand, items=fresh, since_ms=now, terms=event.terms, rank=event.rank
        )
        state.waiting.append(group)
    chunks = [state.placed.get(_key(event.run, item)) for item in event.items]
    return [Place(run=event.run, placement=state.held[chunk].placement) for chunk in dict.fromkeys(chunks) if chunk]


def _release(state: BrokerState, run: str, item: Item) -> None:
    chunk = state.placed.pop(_key(run, item), None)
    if chunk is not None:
        held = state.held[chunk]
        before = held.times
        held.open.remove(item)
        if not held.open:
            del state.held[chunk]
        capacity.occupy(state, held, (held.times if held.open else 0) - before)
        return
    if state.refused.get(run, {}).get(item[0]) == item[1]:
        _forget_refusal(state, run, item[0])
    for waiting in state.waiting:
        if waiting.run == run and waiting.items.get(item[0]) == item[1]:
            del waiting.items[item[0]]


def _forget_refusal(state: BrokerState, run: str, instance: str) -> None:
    refused = state.refused.get(run)
    if refused is not None:
        refused.pop(instance, None)
        if not refused:
            del state.refused[run]


def _place_waiting(state: BrokerState, now: int) -> list[AnyBrokerCommand]:
    commands: list[AnyBrokerCommand] = []
    # They keep these turns: who goes before another of its run leaves that one its own.
    state.waiting = in_turn(state.waiting)
    for waiting in state.waiting:
        again = not waiting.looked or capacity.has_slot(state)
        while waiting.items and again:
            more, again = _place_some(state, waiting, now)
            commands += more
        waiting.looked = True
    state.waiting = [waiting for waiting in state.waiting if waiting.items]
    return commands


def in_turn(groups: list[Waiting]) -> list[Waiting]:
    """The greatest priority first, and among equals who has waited longest; but where it is the turn of a run, the
    group of it goes first after which it has most left to do (the rank of HEFT: Topcuoglu, Hariri and Wu 2002).
    """
    turns = sorted(groups, key=lambda group: -group.priority)
    ranked: dict[tuple[str, int], list[Waiting]] = {}
    for group in sorted(turns, key=lambda group: group.rank):
        ranked.setdefault((group.run, group.priority), []).append(group)
    return [ranked[group.run, group.priority].pop() for group in turns]


def _place_some(state: BrokerState, waiting: Waiting, now: int) -> tuple[list[AnyBrokerCommand], bool]:
    """Fill offers, the best first, until waiting is better; also whether the offers should be looked at again."""
    found = options(state, waiting, lambda pool: capacity.room(state, pool, waiting.demand), now)
    if all(option.never for option in found):
        return [_refuse(state, waiting, [option.verdict for option in found])], False
    commands: list[AnyBrokerCommand] = []
    worth = None
    for option in found:
        score = option.verdict.score
        # Another offer is taken only if it is better than waiting for the best one that is full.
        if score is None or (worth is not None and (option.waits or score > worth)):
            break
        while waiting.items and (room := _allowed(state, waiting, option.pool)):
            verdicts = tuple(_mark(each.verdict, option.offer) for each in found)
            commands.append(_place(state, waiting, option, verdicts, room))
        if option.waits and commands:
            # Its pool is fuller now, and another may be better for the rest.
            return commands, True
        here = score + waiting_cost(waiting.demand, option.pool, len(waiting.items))
        worth = here if worth is None else min(worth, here)
    return commands, False


def _parallel_left(state: BrokerState, waiting: Waiting) -> int | None:
    """How many more attempts of a run its policy lets be placed at once; None for any number."""
    most = waiting.policy.max_parallel if waiting.policy is not None else None
    if most is None:
        return None
    return max(0, most - sum(len(held.open) for held in state.held.values() if held.run == waiting.run))


def _allowed(state: BrokerState, waiting: Waiting, pool: Pool) -> int:
    """How many more reservations the pool has room for and the policy allows."""
    room, left = capacity.room(state, pool, waiting.demand), _parallel_left(state, waiting)
    return room if left is None else min(room, left)


def _mark(verdict: Verdict, chosen: Offer) -> Verdict:
    if verdict.offer != chosen.name:
        return verdict
    return Verdict(offer=verdict.offer, score=verdict.score, cost=verdict.cost, chosen=True)


def chunk_size(pool: Pool, offer: Offer, demand: Demand, waiting: int, room: int) -> int:
    """How many alike attempts one chunk takes; `room` is how many more reservations fit.

    A sequence is long enough to fill `chunk_ms`, but first every free slot gets one, unless that would make
    chunks that are not worth their start; an array takes all the room.
    """
    if demand.solo:
        return 1
    if pool.array:
        return min(waiting, room, pool.chunk_max, demand.batch or pool.chunk_max)
    fill = pool.chunk_ms // max(1, demand.time_ms) if demand.time_ms is not None else pool.chunk_max
    least = STARTS_WORTH * offer.cold_start_ms // max(1, demand.time_ms) if demand.time_ms is not None else 1
    spread = max(least, -(-waiting // max(1, room)))
    return max(1, min(pool.chunk_max, fill, spread, waiting, demand.batch or pool.chunk_max))


def _place(state: BrokerState, waiting: Waiting, option: Option, verdicts: tuple[Verdict, ...], room: int) -> Place:
    demand, pool, offer = waiting.demand, option.pool, option.offer
    size = chunk_size(pool, offer, demand, len(waiting.items), room)
    left = _parallel_left(state, waiting)
    size = size if left is None else min(size, left)
    items = tuple(list(waiting.items.items())[:size])
    state.chunks += 1
    name = f"{waiting.run}.{state.chunks}"
    turns = 1 if pool.array else len(items)
    lease = demand.timeout_ms * turns + QUEUE_ALLOWANCE_MS if demand.timeout_ms is not None else pool.lease_ms
    placement = AttemptsPlaced(
        chunk=name,
        pool=pool.name,
        offer=offer.name,
        spot=offer.spot,
        price=price_for(demand, offer),
        memory=demand.memory,
        cpu_milli=demand.cpu_milli,
        gpu=demand.gpu,
        items=items,
        lease_ms=min(lease, pool.lease_ms),
        verdicts=verdicts,
    )
    state.held[name] = Held(
        placement=placement,
        run=waiting.run,
        pool=pool.name,
        cpu_milli=demand.cpu_milli,
        memory=demand.memory,
        gpu=demand.gpu,
        open=list(items),
        array=pool.array,
    )
    capacity.occupy(state, state.held[name], state.held[name].times)
    for item in items:
        del waiting.items[item[0]]
        state.placed[_key(waiting.run, item)] = name
    return Place(run=waiting.run, placement=placement)


def _refuse(state: BrokerState, waiting: Waiting, verdicts: list[Verdict]) -> Refuse:
    """Kept in mind until the run releases them: whoever was to tell the run may die before."""
    state.refused.setdefault(waiting.run, {}).update(waiting.items)
    reasons = "; ".join(f"{v.offer}: {v.refused}" for v in verdicts) or "no pool is declared"
    items = tuple(waiting.items.items())
    waiting.items = {}
    return Refuse(run=waiting.run, items=items, message=f"no pool can ever run `{waiting.demand.task}` ({reasons})")
