"""The run engine: `step(state, events, now) -> (state, commands)`, pure and total.

No I/O, clock or randomness is inside; everything comes in as an argument. Events may be duplicated, late or out
of order: an event about anything that is not the present attempt of an active call changes nothing but money.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from econda_edsl.plan import Plan
from econda_edsl.policies import changes_with_time

from econda_cloud.money.amounts import NANOS_PER_MICRO, format_usd
from econda_cloud.run.blocks import program_of
from econda_cloud.run.conclude import DEADLINE, conclude
from econda_cloud.run.endings import back_off_over, borrower, current, refuse, take_failure, take_loss, take_success
from econda_cloud.run.expand import drain, start_root
from econda_cloud.run.found import take_found, take_missing
from econda_cloud.run.outbox import ask_again, pending_lookups, pending_requests
from econda_cloud.run.state import Call, Chunk, Preparation, RunState
from econda_cloud.run.stopping import begin_ending
from econda_cloud.run.work import Work
from econda_cloud.wire.commands import (
    AnyCommand,
    Dispatch,
    FinishRun,
    Keep,
    LookUp,
    Release,
    RequestPlacement,
    SetTimer,
)
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    CancelRequested,
    ChunkDispatched,
    ChunkLost,
    Item,
    PlacementRefused,
    ResultsFound,
    ResultsMissing,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.outcome import Outcome

CHUNK_TIMER = "chunk:"
RECHECK = "recheck"
RECHECK_MS = 60_000
"""How often the broker looks again at what waits under a policy that asks how long it has waited."""


def step(
    plan: Plan, state: RunState | None, events: Iterable[AnyEvent], now: int
) -> tuple[RunState | None, list[AnyCommand]]:
    """Take events into a run at `now` (ms). The state given is used up; None is the run before its first event.

    Events before `RunStarted` are dropped: they cannot be about this run.
    """
    events = list(events)
    # A timer rings once. Taken for too early by a slow clock, it would leave the run waiting for ever.
    now = max([now, *(event.at_ms for event in events if isinstance(event, TimerFired))])
    if state is None:
        state = _born(plan, events, now)
        if state is None:
            return None, []
        work = Work(program_of(plan), state, now)
        start_root(work)
        drain(work)
    else:
        work = Work(program_of(plan), state, max(now, state.now))
    state.now = work.now
    _due(work)
    conclude(work)
    for event in events:
        # As if each had come alone: an eager start is about what the event before it has made ready.
        _take(work, event)
        drain(work)
        conclude(work)
    _look_again_later(work)
    return state, _commands(work)


def _born(plan: Plan, events: list[AnyEvent], now: int) -> RunState | None:
    for event in events:
        if isinstance(event, RunStarted) and event.plan == plan.digest:
            state = RunState(
                run=event.run,
                namespace=event.namespace,
                plan=event.plan,
                seed=event.seed,
                params=event.params,
                started_ms=now,
                now=now,
                bundle=event.bundle,
                submitted_by=event.submitted_by,
                reuse=event.reuse,
                fresh=event.fresh,
            )
            state.preparations = {key: Preparation(archive=archive) for key, archive in event.archives.items()}
            if plan.settings.deadline_ms is not None:
                state.timers.append((now + plan.settings.deadline_ms, DEADLINE, 0))
            return state
    return None


def _take(work: Work, event: AnyEvent) -> None:
    if work.state.outcome is not None:
        _take_late(work, event)
        return
    match event:
        case AttemptSucceeded():
            take_success(work, event)
        case AttemptFailed():
            take_failure(work, event)
        case AttemptsPlaced():
            _take_placement(work, event)
        case ChunkDispatched(chunk=name, handle=handle):
            if chunk := work.state.chunks.get(name):
                chunk.handle = handle
        case ChunkLost():
            take_loss(work, event)
        case PlacementRefused(items=items, message=message):
            for item in items:
                refuse(work, item, message)
        case ResultsFound(results=results):
            for found in results:
                take_found(work, found)
        case ResultsMissing(items=items):
            for item in items:
                take_missing(work, item)
        case CancelRequested(by=by, reason=reason):
            text = "cancelled" + (f" by {by}" if by else "") + (f": {reason}" if reason else "")
            begin_ending(work, Outcome(state="cancelled", error=text))
        case RunStarted() | TimerFired():
            pass


def _take_late(work: Work, event: AnyEvent) -> None:
    """A finished run stays finished; what still comes in is only told to the broker."""
    match event:
        case AttemptSucceeded(instance=instance, attempt=attempt) | AttemptFailed(instance=instance, attempt=attempt):
            work.releases.append((instance, attempt))
        case AttemptsPlaced(items=items) | PlacementRefused(items=items):
            work.releases += items
        case _:
            pass


def _take_placement(work: Work, event: AttemptsPlaced) -> None:
    state = work.state
    if event.chunk in state.chunks:
        return
    wanted: dict[Item, Call] = {}
    for item in event.items:
        found = current(work, item)
        if found is not None and found[1].phase == "requested":
            wanted[item] = found[1]
        elif found is None or found[1].phase != "placed":
            work.releases.append(item)
    if not wanted:
        work.releases += event.lent
        return
    cost = next((verdict.cost for verdict in event.verdicts if verdict.chosen), None) or 0
    chunk = Chunk(
        pool=event.pool,
        offer=event.offer,
        spot=event.spot,
        price=event.price,
        memory=event.memory,
        size=len(event.items),
        open=list(wanted),
        order=list(event.items),
        until_ms=work.now + event.lease_ms,
        cpu_milli=event.cpu_milli,
        gpu=event.gpu,
        committed=cost,
        lender=event.lender,
        lent=event.lent,
    )
    state.chunks[event.chunk] = chunk
    if not event.lender:
        heapq.heappush(state.timers, (chunk.until_ms, CHUNK_TIMER + event.chunk, 0))
    for call in wanted.values():
        call.phase, call.chunk = "placed", event.chunk
    state.committed += cost * len(wanted)
    if not _within_budget(work):
        return
    work.commands.append(_dispatch(event.chunk, chunk))


def _dispatch(name: str, chunk: Chunk) -> Dispatch:
    return Dispatch(
        chunk=name,
        pool=chunk.pool,
        offer=chunk.offer,
        spot=chunk.spot,
        items=tuple(chunk.open),
        cpu_milli=chunk.cpu_milli,
        memory=chunk.memory,
        gpu=chunk.gpu,
    )


def _within_budget(work: Work) -> bool:
    state, budget = work.state, work.program.plan.settings.budget_micros
    if budget is None or state.spent + state.committed <= budget * NANOS_PER_MICRO:
        return True
    needed = format_usd(state.spent + state.committed)
    error = f"budget: {format_usd(budget * NANOS_PER_MICRO)} would be exceeded, {needed} is spent or committed"
    begin_ending(work, Outcome(state="failed", error=error))
    return False


def _due(work: Work) -> None:
    """Take every timer that is due: back-offs that are over, chunks not heard of in time, the deadline."""
    state = work.state
    while state.timers and state.timers[0][0] <= work.now and state.outcome is None:
        _, name, attempt = heapq.heappop(state.timers)
        if name == DEADLINE:
            begin_ending(work, Outcome(state="failed", error="deadline: the run took longer than its deadline allows"))
        elif name == RECHECK:
            ask_again(work)
        elif name.startswith(CHUNK_TIMER):
            _lease_over(work, name.removeprefix(CHUNK_TIMER))
        else:
            back_off_over(work, name, attempt)
        drain(work)


def _look_again_later(work: Work) -> None:
    """Nothing ticks in the broker: a run whose policy depends on time wakes it while something waits."""
    policy, state = work.program.plan.policy, work.state
    if policy is None or not work.requests or state.outcome is not None or not changes_with_time(policy):
        return
    if not any(name == RECHECK for _, name, _ in state.timers):
        heapq.heappush(state.timers, (work.now + RECHECK_MS, RECHECK, 0))


def _lease_over(work: Work, name: str) -> None:
    chunk = work.state.chunks.get(name) or borrower(work, name)
    if chunk is None:
        return
    message = f"not heard of in time by {chunk.pool}"
    take_loss(work, ChunkLost(chunk=name, failure="lost", message=message))


def _commands(work: Work) -> list[AnyCommand]:
    state = work.state
    commands = [*work.commands, *work.cancels.values()]
    if work.releases:
        commands.insert(0, Release(items=tuple(dict.fromkeys(work.releases))))
    if work.kept:
        commands.append(Keep(results=tuple(work.kept)))
    if state.outcome is None:
        commands += [
            RequestPlacement(demand=d, items=tuple(items), terms=work.terms, rank=work.ranks.get(d, 0))
            for d, items in work.requests.items()
        ]
        if work.lookups:
            commands.append(LookUp(items=tuple(work.lookups)))
        commands += _timer(state)
    return commands


def _timer(state: RunState) -> list[AnyCommand]:
    """Ask to be woken for the earliest timer, unless that was asked for already."""
    due = [state.timers[0][0]] if state.timers else []
    if state.ending is not None:
        due.append(state.stop_by_ms)
    if not due:
        return []
    earliest = min(due)
    if state.now < state.timer_ms <= earliest:
        return []
    state.timer_ms = earliest
    return [SetTimer(at_ms=earliest)]


def outstanding(plan: Plan, state: RunState) -> list[AnyCommand]:
    """Every command whose effect the state does not show yet: what a redelivered message must repeat."""
    if state.outcome is not None:
        return [FinishRun(outcome=state.outcome)]
    commands: list[AnyCommand] = []
    commands += pending_requests(plan, state)
    commands += pending_lookups(plan, state)
    commands += [_dispatch(name, chunk) for name, chunk in state.chunks.items() if not chunk.handle and chunk.open]
    if state.timer_ms:
        commands.append(SetTimer(at_ms=state.timer_ms))
    return commands
