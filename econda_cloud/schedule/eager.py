"""Eager starts: whoever ran an attempt goes on, in the same place, with the only attempt that its result made ready.

Through the broker a link of a chain costs three appends and a message each way; started eagerly it costs one append,
which tells the run of the result and of the next placement together. That append is conditional, so it is also the
claim: whoever comes second meets a conflict and hands its result to the scheduler as ever. (Temporal calls the same
for activities "eager execution".) The broker keeps the place under the names of the attempts that it placed there;
the run releases them when the last borrower has ended.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Plan, Repeat

from econda_cloud.place.score import judge
from econda_cloud.ports.log import Conflict
from econda_cloud.run import state as run_state
from econda_cloud.run.blocks import program_of
from econda_cloud.run.state import RunState
from econda_cloud.run.work import Work
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.schedule.history import RunHistory
from econda_cloud.schedule.status import StatusBoard
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import AnyCommand, Dispatch, Release, RequestPlacement
from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import AnyEvent, AttemptsPlaced, AttemptSucceeded, ChunkDispatched, Item
from econda_cloud.wire.pools import Pool

SHOW_MS = 2_000
"""How old a status may be while a worker goes on by itself."""


@dataclass
class Tenure:
    """A place in a pool that the broker gave to the chunk `lender`, to be gone on in until `until_ms`.

    That is the pool's `chunk_ms` after it began: chunks take as long, so nobody waits longer for the place.
    ends_ms: when the place itself ends, as an invocation of a function does; None for never. Times since the epoch.
    """

    pool: Pool
    lender: str
    until_ms: int
    ends_ms: int | None = None
    started: int = 0


def may_lead_on(plan: Plan, state: RunState, items: Sequence[Item]) -> bool:
    """Whether these are one attempt for which something waits, and all that its run has at work."""
    if len(state.chunks) != 1 or len(items) != 1:
        return False
    found = Work(program_of(plan), state, state.now).locate(items[0][0])
    return found is not None and any(
        at.block.dependents[at.index] or isinstance(at.node, Repeat) for at in found[0]
    )  # fmt: skip


def lone_chunk(state: RunState | None, chunk: str, events: Sequence[AnyEvent]) -> run_state.Chunk | None:
    """The chunk whose one attempt has succeeded by these events, if the run has nothing else at work or ending."""
    if state is None or state.ending is not None or list(state.chunks) != [chunk] or len(events) != 1:
        return None
    held, [event] = state.chunks[chunk], events
    alone = held.size == 1 and isinstance(event, AttemptSucceeded) and held.open == [(event.instance, event.attempt)]
    return held if alone else None


def eager_start(
    commands: Sequence[AnyCommand], held: run_state.Chunk, place: Tenure, now: int
) -> AttemptsPlaced | None:
    """Where the run goes on if all that it commands now is a place for one attempt that this one will do for.

    `held` is the chunk that has just ended there. None leaves everything to the broker.
    """
    wanted = _only_request(commands)
    if wanted is None or now >= place.until_ms:
        return None
    if len(wanted.items) != 1 or (wanted.terms is not None and wanted.terms.policy is not None):
        return None
    offer = next((each for each in place.pool.offers if each.name == held.offer), None)
    if offer is None or not _will_do(wanted.demand, held, place, now):
        return None
    verdict = judge(wanted.demand, place.pool, offer)
    if verdict.refused:
        return None
    place.started += 1
    return AttemptsPlaced(
        chunk=f"{place.lender}.{place.started}",
        pool=held.pool,
        offer=held.offer,
        spot=held.spot,
        price=msgspec.structs.replace(held.price, per_request=0),
        memory=held.memory,
        cpu_milli=held.cpu_milli,
        gpu=held.gpu,
        items=wanted.items,
        lease_ms=held.until_ms - now,
        verdicts=(msgspec.structs.replace(verdict, chosen=True),),
        lender=place.lender,
        lent=held.lent or tuple(held.order),
    )


def _only_request(commands: Sequence[AnyCommand]) -> RequestPlacement | None:
    """The request, if nothing else is to be done but to release what has ended."""
    match [command for command in commands if not isinstance(command, Release)]:
        case [RequestPlacement() as wanted]:
            return wanted
        case _:
            return None


def _will_do(demand: Demand, held: run_state.Chunk, place: Tenure, now: int) -> bool:
    """Whether what is reserved is just what is asked for, and the place lasts long enough."""
    if demand.solo or demand.kind == "environment" or demand.image is not None:
        return False
    if (demand.cpu_milli, demand.memory, demand.gpu) != (held.cpu_milli, held.memory, held.gpu):
        return False
    if demand.time_ms is not None and demand.time_ms > place.pool.chunk_ms:
        return False
    longest = demand.timeout_ms or demand.time_ms
    return longest is None or place.ends_ms is None or now + longest <= place.ends_ms


class Course:
    """One worker's way through a run, from chunk to chunk in one place."""

    def __init__(self, history: RunHistory, plan: Callable[[], Plan], place: Tenure, board: StatusBoard) -> None:
        self.history, self._plan, self._place, self._board = history, plan, place, board
        self._shown_ms = place.until_ms - place.pool.chunk_ms

    def show(self, now: int) -> None:
        """Keep the run's status up to date, which no scheduler does meanwhile; but not for each short link.

        One that cannot be written now is written later: no attempt fails because of it.
        """
        state = self.history.state
        if state is not None and self._place.started and now - self._shown_ms >= SHOW_MS:
            self._shown_ms = now
            with contextlib.suppress(Exception):
                self._board.show(state, self.history.seq)

    def after(self, chunk: str, events: Sequence[AnyEvent], now: int) -> Chunk | None:
        """Log these reports and what follows them here; None, and nothing logged, if that is for the scheduler.

        Raises what the log raises.
        """
        for _ in range(2):
            if self.history.seq == 0:
                self.history.refresh()
            held = lone_chunk(self.history.state, chunk, events)
            if held is None:
                return None
            following = self._propose(held, events, now)
            if following is None:
                self.history.forget()
                return None
            try:
                self.history.commit(now)
            except Conflict:
                # Perhaps only the scheduler's word that it has dispatched the chunk that has ended already.
                continue
            self.show(now)
            return following
        return None

    def _propose(self, held: run_state.Chunk, events: Sequence[AnyEvent], now: int) -> Chunk | None:
        placed = eager_start(self.history.propose(events, now), held, self._place, now)
        if placed is None:
            return None
        started = ChunkDispatched(chunk=placed.chunk, handle=held.handle or self._place.lender)
        commands, state = self.history.propose([placed, started], now), self.history.state
        if state is None or len(commands) != 1 or not isinstance(commands[0], Dispatch):
            return None
        try:
            return chunk_of(self._plan(), state, commands[0])
        except EvaluationError:
            return None
