"""What the broker is told, and when: all that the run wants and holds, whenever that makes a difference."""

from __future__ import annotations

from econda_edsl.plan import Plan

from econda_cloud.money.amounts import NANOS_PER_MICRO
from econda_cloud.run.state import Group, RunState
from econda_cloud.run.work import Work
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import RunTold, Want
from econda_cloud.wire.terms import terms_of


def take_grants(work: Work, event: GrantsSet) -> bool:
    """Take what the broker lends; False for what is older than what is known, or answers what was told before."""
    state = work.state
    if event.version <= state.grants_version or event.told < state.telling.version:
        return False
    state.grants_version, state.telling.answered = event.version, event.told
    state.telling.open = list(event.open)
    state.grants = {grant.key: grant for grant in event.grants}
    for key, used in state.used.items():
        _give_up_for(state, key, used)
    return True


def _give_up_for(state: RunState, key: str, used: int) -> None:
    """What is used beyond its grant is in slots of another class that stood in since the broker was told."""
    own = state.grants.get(key)
    lacks, offer = used - (own.slots if own is not None else 0), key.rpartition(" ")[2]
    for other in [grant for grant in state.grants.values() if grant.offer == offer and grant.key != key]:
        given = max(0, min(lacks, other.slots - state.used.get(other.key, 0)))
        lacks -= given
        if given == other.slots:
            del state.grants[other.key]
        elif given:
            state.grants[other.key] = other.with_slots(other.slots - given)


def ready_by_class(state: RunState) -> dict[str, int]:
    """How many attempts are ready, by class."""
    ready: dict[str, int] = {}
    for group in state.groups.values():
        ready[group.demand] = ready.get(group.demand, 0) + len(group.items)
    return ready


def has_news(work: Work) -> bool:
    """Whether the broker should know what the run wants and holds now.

    More is told if the broker does not know that any is wanted, or not half of it; less once half of what is lent is
    idle, so that the end of a fan is told in a few steps.
    """
    state, told = work.state, work.state.telling
    if state.outcome is not None:
        return told.version > 0 and not told.over
    ready = ready_by_class(state)
    lent, idle, begins = _lent(work)
    for demand, number in ready.items():
        known = told.ready.get(demand, 0)
        if told.answered < told.version:
            if number >= 2 * known:
                return True
        elif demand not in told.open or number >= 2 * known or (demand in lent and demand not in begins):
            return True
    if told.answered < told.version:
        return False
    wasted = any(2 * idle[demand] >= slots for demand, slots in lent.items() if demand not in ready and idle[demand])
    return wasted or any(demand not in ready for demand in told.open)


def ends_soon(work: Work, within_ms: int) -> bool:
    """Whether a chain that goes on in its own slot loses it within so long. A broker that is told lends it for longer."""
    state = work.state
    if len(state.chunks) != 1 or state.ending is not None or state.telling.answered < state.telling.version:
        return False
    [chunk] = state.chunks.values()
    grant = state.grants.get(chunk.grant)
    return chunk.here and grant is not None and work.now < grant.until_ms <= work.now + within_ms


def _lent(work: Work) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """By class, slots lent and those of them that are not in use; and classes that may begin chunks in theirs."""
    lent: dict[str, int] = {}
    idle: dict[str, int] = {}
    begins: set[str] = set()
    for key, grant in work.state.grants.items():
        lent[grant.demand] = lent.get(grant.demand, 0) + grant.slots
        free = max(0, grant.slots - work.state.used.get(key, 0))
        idle[grant.demand] = idle.get(grant.demand, 0) + free
        if work.now < grant.until_ms:
            begins.add(grant.demand)
    return lent, idle, begins


def note_told(work: Work, version: int) -> None:
    """The broker is told: what is not in use now is given back by that, until it answers.

    What it is told is kept, because it may have to be told again when all has changed.
    """
    state, told = work.state, work.state.telling
    told.version, told.seq = version, state.seq
    told.ready, told.over = ready_by_class(state), state.outcome is not None
    told.words = _run_told(work.program.plan, state)
    for key, grant in list(state.grants.items()):
        used = state.used.get(key, 0)
        if not used:
            del state.grants[key]
        elif used < grant.slots:
            state.grants[key] = grant.with_slots(used)
    live = {group.demand for group in state.groups.values()} | {chunk.demand for chunk in state.chunks.values()}
    state.demands = {key: demand for key, demand in state.demands.items() if key in live}


def _run_told(plan: Plan, state: RunState) -> RunTold:
    """What the broker is told of the run, as it is now."""
    held: dict[str, dict[str, int]] = {}
    for chunk in state.chunks.values():
        offers = held.setdefault(chunk.demand, {})
        offers[chunk.offer] = offers.get(chunk.offer, 0) + chunk.slots
    groups: dict[str, list[Group]] = {}
    for group in state.groups.values():
        groups.setdefault(group.demand, []).append(group)
    wants = [
        Want(
            demand=state.demands[key],
            ready=sum(len(group.items) for group in groups.get(key, ())),
            held=held.get(key, {}),
            batch=min((group.batch for group in groups.get(key, ()) if group.batch), default=None),
            rank=max((group.rank for group in groups.get(key, ())), default=0),
        )
        for key in {**groups, **held}
    ]
    return RunTold(
        run=state.run,
        namespace=state.namespace,
        version=state.telling.version,
        wants=tuple(wants),
        terms=terms_of(plan, state.started_ms, state.spent),
        spent=state.spent,
        budget=None if plan.settings.budget_micros is None else plan.settings.budget_micros * NANOS_PER_MICRO,
        over=state.outcome is not None,
    )
