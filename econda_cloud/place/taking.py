"""What the broker's events change by themselves, before anything is decided."""

from __future__ import annotations

from econda_cloud.place import capacity
from econda_cloud.place.state import Account, BrokerState, Lent, Line
from econda_cloud.wire.broker import AnyBrokerEvent, BrokerWoken, PoolsDeclared, Recalled
from econda_cloud.wire.grants import RunTold, Want

CLASSES_KEPT = 1_000
"""Classes of attempts that nobody asks for any more are forgotten once there are so many."""


OVER_KEPT = 4_096
"""Runs that have ended are remembered, so many: a message of theirs may come late, or again."""


class Touched:
    """What a batch of events concerns: runs to answer, and pools in which there may be room again."""

    def __init__(self) -> None:
        self.runs: dict[str, None] = {}
        self.freed: dict[str, None] = {}


def take(state: BrokerState, event: AnyBrokerEvent, touched: Touched) -> None:
    match event:
        case PoolsDeclared(pools=pools):
            state.pools = {pool.name: pool for pool in pools}
            state.verdicts.clear()
            capacity.recount(state)
            touched.freed |= dict.fromkeys(state.pools)
            # Prices have changed, or an offer is gone.
            touched.runs |= dict.fromkeys(run for run, account in state.runs.items() if account.lines)
        case RunTold():
            _take_told(state, event, touched)
        case BrokerWoken():
            touched.freed |= dict.fromkeys(state.pools)
        case Recalled(run=run, offer=offer, slots=slots):
            _recall(state, run, offer, slots, touched)


def _take_told(state: BrokerState, event: RunTold, touched: Touched) -> None:
    account = state.runs.get(event.run)
    if event.version <= state.over.get(event.run, 0):
        return
    if account is not None and event.version <= account.told:
        # Its answer may have been lost in a crash.
        touched.runs[event.run] = None
        return
    if event.over:
        state.over[event.run] = event.version
        while len(state.over) > OVER_KEPT:
            del state.over[next(iter(state.over))]
    if account is None:
        if event.over:
            return
        account = state.runs[event.run] = Account(run=event.run, namespace=event.namespace)
    account.told, account.terms, account.unplaceable = event.version, event.terms, ()
    account.spent, account.budget = event.spent, event.budget
    before, account.lines = account.lines, {}
    for want in event.wants:
        _set_line(state, account, want, before.pop(want.demand.key, None), touched)
    for line in before.values():
        _let_go(state, account, line, touched)
    if event.over:
        del state.runs[event.run]
        touched.runs.pop(event.run, None)
        state.answers.pop(event.run, None)
        _forget_classes(state)
    else:
        touched.runs[event.run] = None


def _set_line(state: BrokerState, account: Account, want: Want, before: Line | None, touched: Touched) -> None:
    """What the run holds of a class is just what is lent to it, until it is answered."""
    key = want.demand.key
    state.demands.setdefault(key, want.demand)
    since = before.since_ms if before is not None and before.ready else state.now
    line = Line(demand=key, ready=want.ready, since_ms=since, batch=want.batch, rank=want.rank)
    account.lines[key] = line
    old = before.lent if before is not None else {}
    for offer, slots in want.held.items():
        lent = old.pop(offer, None)
        if lent is None:
            pool = next((p.name for p in state.pools.values() for o in p.offers if o.name == offer), "")
            lent = Lent(pool=pool, offer=offer, slots=0)
        _change(state, key, lent, slots, touched)
        line.lent[offer] = lent
    for lent in old.values():
        _change(state, key, lent, 0, touched)
    set_waiting(state, account.run, line, waits=want.ready > 0)


def _let_go(state: BrokerState, account: Account, line: Line, touched: Touched) -> None:
    for lent in line.lent.values():
        _change(state, line.demand, lent, 0, touched)
    set_waiting(state, account.run, line, waits=False)


def _change(state: BrokerState, demand: str, lent: Lent, slots: int, touched: Touched) -> None:
    if slots < lent.slots:
        touched.freed[lent.pool] = None
        lent.reserved = lent.reserved * slots // lent.slots
    capacity.occupy(state, lent.pool, lent.offer, demand, slots - lent.slots)
    lent.slots = slots


def set_waiting(state: BrokerState, run: str, line: Line, *, waits: bool) -> None:
    """Whether a run is to get more for a class as soon as there is room."""
    line.waits = waits
    runs = state.waiting.setdefault(line.demand, {})
    if waits:
        runs.setdefault(run, line.since_ms)
    else:
        runs.pop(run, None)
    if not runs:
        del state.waiting[line.demand]


def _recall(state: BrokerState, name: str, offer: str, slots: int, touched: Touched) -> None:
    account = state.runs.get(name)
    for line in account.lines.values() if account is not None else ():
        lent = line.lent.get(offer)
        if lent is not None and slots < lent.slots:
            lent.most = slots
            touched.runs[name] = None


def _forget_classes(state: BrokerState) -> None:
    if len(state.demands) <= CLASSES_KEPT:
        return
    live = {key for account in state.runs.values() for key in account.lines}
    state.demands = {key: demand for key, demand in state.demands.items() if key in live}
    state.verdicts = {key: known for key, known in state.verdicts.items() if key in live}


def is_stale(state: BrokerState, event: AnyBrokerEvent) -> bool:
    """Whether it is known already."""
    if not isinstance(event, RunTold):
        return False
    account = state.runs.get(event.run)
    known = state.over.get(event.run, 0) if account is None else account.told
    return event.version <= known
