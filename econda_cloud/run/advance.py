"""The run engine: `decide` makes a record of what came in, `apply` folds one. Both walk the same way.

No I/O, clock or randomness is inside; everything comes in as an argument. Events may be duplicated, late or out of
order: an event about anything that is not the present attempt of an active call changes nothing but money.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import msgspec
from econda_edsl.plan import Plan

from econda_cloud.run.blocks import program_of
from econda_cloud.run.booking import book_jobs_end, book_outlived, over_budget
from econda_cloud.run.choices import Choices, Making, Reading, Unfoldable
from econda_cloud.run.conclude import conclude, finish_broken
from econda_cloud.run.endings import back_off_over, refuse_class, take_failure, take_loss, take_refusal, take_success
from econda_cloud.run.expand import fail_node, start_root
from econda_cloud.run.found import take_found, take_missing
from econda_cloud.run.looks import look_due, take_seen
from econda_cloud.run.placing import place, placements
from econda_cloud.run.shares import overspent
from econda_cloud.run.state import Preparation, RunState, TimerKind
from econda_cloud.run.stopping import begin_ending, end, ending
from econda_cloud.run.telling import ends_soon, has_news, note_told, take_grants
from econda_cloud.run.timers import SHOW_MS, next_ms, prune
from econda_cloud.run.twins import settle
from econda_cloud.run.work import Work
from econda_cloud.wire.entries import ENGINE_VERSION, AnyDecision, Ending, Entry, Overspent, Placed, Shown, Told, Woken
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    CancelRequested,
    ChunkAccepted,
    ChunkLost,
    ChunkRefused,
    ChunkSeen,
    GrantsSet,
    Published,
    ResultsFound,
    ResultsMissing,
    RunBroken,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.outcome import Outcome


def decide(
    plan: Plan,
    state: RunState | None,
    events: Iterable[AnyEvent],
    now: int,
    *,
    carried: int = 0,
    unsure: bool = False,
    here: bool = False,
) -> tuple[RunState | None, Entry]:
    """What becomes of a run by these events at `now` (ms): the record of it, and the state with it applied.

    The state given is used up; None is the run before its first event. carried, unsure: see `Entry`;
    here: see `Placed`.
    """
    making, events = Making(), tuple(events)
    # A timer rings once. Taken for too early by a slow clock, it would leave the run waiting for ever.
    now = max([now, *(event.at_ms for event in events if isinstance(event, TimerFired))])
    entry = Entry(engine=ENGINE_VERSION, now=now, events=events, carried=carried, unsure=unsure)
    state = _advance(plan, state, entry, making, here=here)
    return state, msgspec.structs.replace(entry, decisions=tuple(making.made))


def apply(plan: Plan, state: RunState | None, entry: Entry) -> RunState | None:
    """The state with a record folded in; the one given is used up. Decides nothing.

    Raises `choices.Unfoldable` for a record that does not fit.
    """
    reading = Reading(entry.decisions)
    state = _advance(plan, state, entry, reading)
    if (left := reading.left()) is not None:
        raise Unfoldable(f"the record has decisions that nothing asked for: {left!r:.200}")
    return state


def _advance(
    plan: Plan, state: RunState | None, entry: Entry, choices: Choices, *, here: bool = False
) -> RunState | None:
    """Events before `RunStarted` are dropped: they cannot be about this run."""
    if state is None:
        state = _born(plan, entry.events, entry.now)
        if state is None:
            return None
        work = Work(program_of(plan), state, entry.now, choices, here, engine=entry.engine)
        state.seq = 1
        start_root(work)
        settle(work)
    else:
        work = Work(program_of(plan), state, max(entry.now, state.now), choices, here, engine=entry.engine)
        state.seq += 1
    state.now = work.now
    _forget_carried(state, entry.carried)
    if entry.unsure:
        state.unsure, state.unsure_last = state.unsure or state.seq, state.seq
    _due(work)
    conclude(work)
    state.unshown = state.unshown or not all(isinstance(event, TimerFired | GrantsSet) for event in entry.events)
    for event in entry.events:
        # As if each had come alone.
        _take(work, event)
        settle(work)
        conclude(work)
    prune(work)
    rang = any(isinstance(event, TimerFired) for event in entry.events)
    for decision in choices.rest(lambda: _rest(work, rang=rang)):
        _take_decision(work, decision)
    return state


def _born(plan: Plan, events: tuple[AnyEvent, ...], now: int) -> RunState | None:
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
                state.timers.append((now + plan.settings.deadline_ms, TimerKind.DEADLINE, "", 0))
            return state
    return None


def _forget_carried(state: RunState, carried: int) -> None:
    """What is known to be done is pending no more."""
    if carried <= state.carried:
        return
    state.carried = carried
    if state.unsure <= carried:
        state.unsure = carried + 1 if state.unsure_last > carried else 0
    for names in (state.undone, state.looked):
        for name in [name for name, seq in names.items() if seq <= carried]:
            del names[name]
    state.kept = [each for each in state.kept if each.seq > carried]
    state.abandoned = [each for each in state.abandoned if each.seq > carried]


def _take(work: Work, event: AnyEvent) -> None:
    state = work.state
    if state.outcome is not None:
        _take_late(work, event)
        return
    match event:
        case AttemptSucceeded(handle=handle):
            work.reporter = handle
            take_success(work, event)
        case AttemptFailed():
            take_failure(work, event)
        case GrantsSet():
            if take_grants(work, event):
                for each in event.unplaceable:
                    refuse_class(work, each.demand, each.reasons)
        case ChunkAccepted(chunk=name, handle=handle):
            if (chunk := state.chunks.get(name)) and not chunk.handle:
                chunk.handle = handle
        case ChunkRefused():
            take_refusal(work, event)
        case ChunkSeen():
            take_seen(work, event)
        case ChunkLost():
            take_loss(work, event)
        case ResultsFound(results=results):
            for found in results:
                take_found(work, found)
        case ResultsMissing(items=items):
            for item in items:
                take_missing(work, item)
        case CancelRequested(by=by, reason=reason):
            text = "cancelled" + (f" by {by}" if by else "") + (f": {reason}" if reason else "")
            begin_ending(work, Outcome(state="cancelled", error=text))
        case RunBroken(message=message):
            finish_broken(work, message)
        case RunStarted() | TimerFired() | Published():
            pass


def _take_late(work: Work, event: AnyEvent) -> None:
    """A finished run stays finished; of what was given up and went on, the rest is booked."""
    match event:
        case AttemptSucceeded() | AttemptFailed():
            book_outlived(work, (event.instance, event.attempt), event.started_ms, event.ended_ms)
        case ChunkLost():
            book_jobs_end(work, event)
        case GrantsSet():
            # The broker does not know yet that the run is over, or no longer.
            work.state.telling.over = False
        case Published():
            from econda_cloud.run.publishing import take_published

            take_published(work.state, event)
        case _:
            pass


def _due(work: Work) -> None:
    """Take every timer that is due: back-offs that are over, chunks not heard of in time, the deadline."""
    state = work.state
    while state.timers and state.timers[0][0] <= work.now and state.outcome is None:
        due_ms, kind, name, attempt = heapq.heappop(state.timers)
        match TimerKind(kind):
            case TimerKind.DEADLINE:
                _too_late(work, name)
            case TimerKind.BACK_OFF:
                back_off_over(work, name, attempt)
            case TimerKind.LOOK:
                look_due(work, name, due_ms)
        settle(work)


def _too_late(work: Work, pipeline: str) -> None:
    """A deadline has come: of the run, or of a pipeline that runs as a step of it."""
    if not pipeline:
        begin_ending(work, Outcome(state="failed", error="deadline: the run took longer than its deadline allows"))
    elif places := work.locate_pipeline(pipeline):
        fail_node(work, places, f"{pipeline}: deadline: the pipeline took longer than its deadline allows")


def _rest(work: Work, *, rang: bool) -> Iterator[AnyDecision]:
    """What is decided once all events are taken: placements, what to tell the broker, when to be woken.

    rang: the record is of a timer.
    """
    state = work.state
    # Whoever only goes on with what it has reported leaves what is due now to whom the timer wakes.
    leaves = work.here and 0 < state.wake_ms <= state.now
    if state.outcome is None and state.ending is None and (error := over_budget(work)):
        yield ending(work, Outcome(state="failed", error=error))
    while state.outcome is None and state.ending is None and (over := overspent(work)):
        yield Overspent(*over)
    while (yield from placements(work)):
        # A handler that has begun in place of what was stopped may be placed as well.
        pass
    if state.outcome is None and not leaves and state.unshown and state.now >= state.shown_ms + SHOW_MS:
        yield Shown()
    # Who is woken to show the status sees to it that the next time is not too late.
    if has_news(work) or (rang and ends_soon(work, 2 * SHOW_MS)):
        yield Told(state.telling.version + 1)
    if state.outcome is None and not leaves:
        at_ms = next_ms(work, moving=rang and state.shown_seq == state.seq)
        if at_ms and not state.now < state.wake_ms <= at_ms:
            yield Woken(at_ms)


def _take_decision(work: Work, decision: AnyDecision) -> None:
    """Take one of them into the state. Raises `Unfoldable` for a decision that belongs to an event."""
    state = work.state
    match decision:
        case Placed():
            place(work, decision)
        case Ending():
            end(work, decision)
            conclude(work)
        case Overspent(instance=instance, message=message):
            if places := work.locate_pipeline(instance):
                fail_node(work, places, message)
            settle(work)
            conclude(work)
        case Told(version=version):
            note_told(work, version)
        case Woken(at_ms=at_ms):
            state.wake_ms, state.wake_seq = at_ms, state.seq
        case Shown():
            state.unshown, state.shown_ms, state.shown_seq = False, state.now, state.seq
        case _:
            raise Unfoldable(f"{decision!r:.200} is decided along with its event")
