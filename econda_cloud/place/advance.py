"""The broker: `decide` makes a record of what it heard, `apply` folds one, `pending` says what is to be done.

Pure and total like the run engine. The state given is used up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from econda_cloud.place import capacity
from econda_cloud.place.lending import Facts, lend
from econda_cloud.place.score import price_for
from econda_cloud.place.state import BrokerState, Lent, Line
from econda_cloud.place.taking import Touched, set_waiting, take
from econda_cloud.wire.broker import (
    Answer,
    AnyBrokerDecision,
    AnyBrokerEvent,
    BrokerEntry,
    Judged,
    Lend,
    Share,
    WakeBroker,
)
from econda_cloud.wire.entries import ENGINE_VERSION
from econda_cloud.wire.events import GrantsSet
from econda_cloud.wire.grants import Grant, Verdict
from econda_cloud.wire.pools import Offer, Pool

if TYPE_CHECKING:
    from econda_cloud.place.explain import Queue


def decide(
    state: BrokerState, events: Iterable[AnyBrokerEvent], now: int, facts: Facts, carried: int = 0
) -> tuple[BrokerState, BrokerEntry]:
    """What the broker makes of these events at `now` (ms): the record of it, and the state with it applied."""
    events, made = tuple(events), list[AnyBrokerDecision]()
    touched = _take_events(state, events, now, carried)
    for decision in lend(state, touched, facts):
        _take_decision(state, decision)
        made.append(decision)
    entry = BrokerEntry(engine=ENGINE_VERSION, now=now, events=events, decisions=tuple(made), carried=carried)
    return state, entry


def apply(state: BrokerState, entry: BrokerEntry) -> BrokerState:
    """The state with a record folded in. Decides nothing."""
    _take_events(state, entry.events, entry.now, entry.carried)
    for decision in entry.decisions:
        _take_decision(state, decision)
    return state


def pending(state: BrokerState, since: int | None = None) -> tuple[dict[str, GrantsSet], int]:
    """Answers to runs that no record says to be sent, and when to wake the broker (ms), 0 for not."""
    since = state.carried if since is None else since
    asked = [run for run, seq in state.answers.items() if seq > since]
    waits = {(run, line.demand) for run in asked for line in state.runs[run].lines.values() if line.waits}
    queue = None
    if waits:
        from econda_cloud.place.explain import Queue

        queue = Queue(state, waits)
    answers = {run: answer_to(state, run, queue) for run in asked}
    return answers, state.wake_ms if state.wake_seq > since else 0


def _take_events(state: BrokerState, events: tuple[AnyBrokerEvent, ...], now: int, carried: int) -> Touched:
    state.seq += 1
    state.now = max(state.now, now)
    if carried > state.carried:
        state.carried = carried
        state.answers = {run: seq for run, seq in state.answers.items() if seq > carried}
    touched = Touched()
    for event in events:
        take(state, event, touched)
    return touched


def _take_decision(state: BrokerState, decision: AnyBrokerDecision) -> None:
    match decision:
        case Judged(demand=demand, verdicts=verdicts):
            state.verdicts[demand] = verdicts
        case Lend(run=run):
            line = state.runs[run].lines[decision.demand]
            _set_shares(state, line, decision.shares)
            line.verdicts, line.ready = decision.verdicts, decision.left
            set_waiting(state, run, line, waits=decision.left > 0)
        case Answer(run=run, unplaceable=unplaceable):
            account = state.runs[run]
            account.version += 1
            account.answer_seq, account.unplaceable = state.seq, unplaceable
            state.answers[run] = state.seq
        case WakeBroker(at_ms=at_ms):
            state.wake_ms, state.wake_seq = at_ms, state.seq


def _set_shares(state: BrokerState, line: Line, shares: tuple[Share, ...]) -> None:
    for share in shares:
        lent = line.lent.get(share.offer)
        if lent is None:
            lent = line.lent[share.offer] = Lent(pool=share.pool, offer=share.offer, slots=0)
        # What was recalled is still in use until the run says otherwise.
        slots = max(share.slots, lent.slots) if lent.most is not None else share.slots
        capacity.occupy(state, lent.pool, lent.offer, line.demand, slots - lent.slots)
        lent.slots, lent.until_ms, lent.reserved = slots, share.until_ms, share.reserved
    for offer in [offer for offer, lent in line.lent.items() if not lent.slots]:
        del line.lent[offer]


def answer_to(state: BrokerState, run: str, queue: Queue | None) -> GrantsSet:
    """All that is lent to a run, as it is told; `queue` says how it stands for what it waits for, if it does."""
    account = state.runs[run]
    offers = {offer.name: (pool, offer) for pool in state.pools.values() for offer in pool.offers}
    grants = [
        _grant(state, line, lent, *offers[lent.offer])
        for line in account.lines.values()
        for lent in line.lent.values()
        if lent.offer in offers
    ]
    waiting = [line for line in account.lines.values() if line.waits]
    return GrantsSet(
        version=account.version,
        told=account.told,
        grants=tuple(grants),
        open=tuple(line.demand for line in waiting),
        unplaceable=account.unplaceable,
        waiting=() if queue is None else tuple(queue.standing(account, line) for line in waiting),
    )


def _grant(state: BrokerState, line: Line, lent: Lent, pool: Pool, offer: Offer) -> Grant:
    demand = state.demands[line.demand]
    verdicts = line.verdicts or state.verdicts.get(line.demand, ())
    return Grant(
        demand=line.demand,
        pool=pool.name,
        offer=offer.name,
        slots=lent.slots if lent.most is None else min(lent.slots, lent.most),
        until_ms=lent.until_ms,
        price=price_for(demand, offer),
        spot=offer.spot,
        array=pool.array,
        cpu_milli=demand.cpu_milli,
        memory=demand.memory,
        gpu=demand.gpu,
        chunk_max=pool.chunk_max,
        chunk_ms=pool.chunk_ms,
        cold_start_ms=offer.cold_start_ms,
        lease_ms=pool.lease_ms,
        max_time_ms=pool.max_time_ms,
        verdicts=tuple(_marked(verdict, offer) for verdict in verdicts),
    )


def _marked(verdict: Verdict, chosen: Offer) -> Verdict:
    if verdict.offer != chosen.name:
        return verdict
    return Verdict(offer=verdict.offer, score=verdict.score, cost=verdict.cost, chosen=True)
