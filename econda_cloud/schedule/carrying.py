"""Carrying out what runs want done: effects of many runs together, each answer told to its own run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Policy

from econda_cloud.ports.pool import Accepted, Later, Refused
from econda_cloud.run.state import RunState
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.schedule.effects import Effects, Handing
from econda_cloud.schedule.results import Spread
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.commands import (
    AnyCommand,
    CancelAttempts,
    Dispatch,
    FinishRun,
    Keep,
    LookAfter,
    LookUp,
    Publish,
    SetTimer,
    ShowStatus,
    TellBroker,
)
from econda_cloud.wire.events import AnyEvent, AttemptFailed, ChunkAccepted, ChunkRefused, ChunkSeen
from econda_cloud.wire.grants import RunTold

LATER_MOST_MS = 300_000
"""How long at most a chunk waits to be handed over again that its pool did not take."""

Work = Sequence[tuple[RunHistory, Sequence[AnyCommand]]]


@dataclass
class Carried:
    """By run: events that the effects gave at once, and what went wrong."""

    answers: dict[str, list[AnyEvent]] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)

    def tell(self, run: str, events: Sequence[AnyEvent]) -> None:
        if events:
            self.answers.setdefault(run, []).extend(events)


def carry_out(work: Work, effects: Effects, now: int, spread: Spread = map) -> Carried:
    """Carry out the commands of these runs. Never raises for what the world does. spread: see `Rounds`."""
    carried = Carried()

    def rest(each: tuple[RunHistory, Sequence[AnyCommand]]) -> None:
        try:
            _rest(*each, effects, carried, now)
        except Exception as error:
            carried.failed[each[0].run] = error

    def act(step: Callable[[], None]) -> None:
        step()

    def all_rest() -> None:
        for _ in spread(
            rest, [each for each in work if any(not isinstance(c, Dispatch | TellBroker) for c in each[1])]
        ):
            pass

    # Each waits for services of its own.
    steps = [lambda: _dispatch(work, effects, carried, now), lambda: _tell_broker(work, effects, carried), all_rest]
    for _ in spread(act, steps):
        pass
    return carried


def _dispatch(work: Work, effects: Effects, carried: Carried, now: int) -> None:
    handed: list[tuple[str, Handing]] = []
    since: list[int] = []
    for history, commands in work:
        assert history.state is not None
        for command in commands:
            if isinstance(command, Dispatch):
                handing = _handing(history, history.state, command, carried)
                if handing is not None:
                    handed.append((history.run, handing))
                    since.append(history.state.chunks[command.chunk].placed_ms)
    if not handed:
        return
    try:
        answers = effects.dispatch([handing for _, handing in handed])
    except Exception as error:
        carried.failed |= {run: error for run, _ in handed}
        return
    for (run, handing), placed_ms, answer in zip(handed, since, answers, strict=True):
        match answer:
            case Accepted(handle=handle):
                if handle:
                    carried.tell(run, [ChunkAccepted(chunk=handing.command.chunk, handle=handle)])
            case Refused(why=why):
                carried.tell(run, [ChunkRefused(chunk=handing.command.chunk, why=why)])
            case Later(why=why, after_ms=after_ms):
                # Whoever looks after the chunk then finds that nobody has it, and hands it over again.
                # The longer it has waited, the later: an outage may last for hours.
                wait_ms = max(after_ms, min(LATER_MOST_MS, (now - placed_ms) // 4))
                carried.tell(run, [ChunkSeen(chunk=handing.command.chunk, until_ms=now + wait_ms, waits=why)])


def _handing(history: RunHistory, state: RunState, command: Dispatch, carried: Carried) -> Handing | None:
    """The chunk to hand over; None if none of its attempts is wanted any more, or it cannot be put together."""
    try:
        chunk = chunk_of(history.plan, state, command)
    except EvaluationError as error:
        message = f"its arguments cannot be put together: {error}"
        carried.tell(history.run, [AttemptFailed(instance=instance, attempt=attempt, failure="failed", message=message)
                                   for instance, attempt in command.items])  # fmt: skip
        return None
    except Exception as error:
        carried.tell(history.run, [ChunkRefused(chunk=command.chunk, why=f"{type(error).__name__}: {error}"[:1_000])])
        return None
    return None if chunk is None else Handing(command, chunk, len(state.chunks) == 1)


def _tell_broker(work: Work, effects: Effects, carried: Carried) -> None:
    told: list[tuple[RunTold, Policy | None]] = []
    for history, commands in work:
        told += [(command.told, history.plan.policy) for command in commands if isinstance(command, TellBroker)]
    if not told:
        return
    try:
        effects.tell_broker(told)
    except Exception as error:
        carried.failed |= {each.run: error for each, _ in told}


def _rest(history: RunHistory, commands: Sequence[AnyCommand], effects: Effects, carried: Carried, now: int) -> None:
    state, plan = history.state, history.plan
    assert state is not None
    if cancels := [command for command in commands if isinstance(command, CancelAttempts)]:
        effects.cancel(state, cancels)
    # What is new is kept before anything is looked for: the same may be wanted at once.
    if keeps := [command for command in commands if isinstance(command, Keep)]:
        effects.keep(plan, state, keeps)
    if lookups := [command for command in commands if isinstance(command, LookUp)]:
        carried.tell(history.run, effects.look_up(plan, state, lookups))
    for command in commands:
        match command:
            case SetTimer(at_ms=at_ms):
                effects.wake(history.run, at_ms, now)
            case LookAfter():
                carried.tell(history.run, effects.look_after(state, command))
            case ShowStatus():
                effects.show(plan, state, history.seq)
            case FinishRun():
                effects.finished(plan, state, history.seq)
            case Publish():
                carried.tell(history.run, effects.publish(state, command))
            case CancelAttempts() | Dispatch() | TellBroker() | LookUp() | Keep():
                pass
