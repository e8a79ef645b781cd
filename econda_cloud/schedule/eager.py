"""Eager starts: who reports the end of a run's only attempt is handed the one that follows in its slot.

The run is stepped where the report arrives. If all that follows is one chunk in the slot that has become free, the record
is appended there, conditionally, and the chunk is the answer to the report: one append is report, placement and
dispatch. Otherwise nothing is logged, and the report goes the way of all reports. (Temporal calls the same for activities
"eager execution".)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from econda_edsl.evaluate import EvaluationError

from econda_cloud.run.pending import dispatch_of, pending
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.schedule.history import Undecidable
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded


def next_chunk(
    history: RunHistory, chunk: str, events: Sequence[AnyEvent], now: int, ends_ms: int | None = None
) -> Chunk | None:
    """Log these reports of a chunk along with what follows them in its place, which is returned.

    None, and nothing is logged, if the rest is for a scheduler, or would not be done before the place ends at `ends_ms`
    (ms since the epoch). Raises what the log raises.
    """
    if history.state is not None:
        # What is known from the link before is tried first: reading costs a request, and a record that does not fit is
        # refused. What is small is not read again for that.
        before = history.bookmark()
        if (found := _followed(history, chunk, events, now, ends_ms)) is not None:
            return found
        if before is not None:
            history.go_back(before)
    history.refresh()
    return _followed(history, chunk, events, now, ends_ms)


def _followed(
    history: RunHistory, chunk: str, events: Sequence[AnyEvent], now: int, ends_ms: int | None
) -> Chunk | None:
    """`next_chunk` on what is known of the run."""
    state = history.state
    held = state.chunks.get(chunk) if state is not None else None
    if state is None or held is None or not _alone(state.chunks, held.open, events) or state.ending is not None:
        return None
    # Whether all that was logged before is carried out, only those know who have the messages of it.
    history.done, before, offer = state.carried, history.seq, held.offer
    try:
        record = history.propose_here(tuple(events), now)
        following = _only_placed(history, before)
        found = chunk_of(history.plan, history.state, following) if following and history.state else None
    except (Undecidable, EvaluationError):
        history.forget()
        return None
    if found is None or following is None or following.offer != offer or not _lasts(history, following, now, ends_ms):
        history.forget()
        return None
    return found if history.commit(record) else None


def _alone(chunks: Mapping[str, object], open_: Sequence[object], events: Sequence[AnyEvent]) -> bool:
    """Whether these events are the success of the one attempt that the run has at work."""
    if len(chunks) != 1 or len(open_) != 1 or len(events) != 1 or not isinstance(events[0], AttemptSucceeded):
        return False
    return open_[0] == (events[0].instance, events[0].attempt)


def _only_placed(history: RunHistory, since: int) -> Dispatch | None:
    """The one chunk that is placed now, if nothing else is to be done."""
    state = history.state
    assert state is not None
    placed = [(name, chunk) for name, chunk in state.chunks.items() if chunk.seq == state.seq]
    if len(placed) != 1 or len(state.chunks) != 1 or pending(state, since):
        return None
    return dispatch_of(*placed[0])


def _lasts(history: RunHistory, following: Dispatch, now: int, ends_ms: int | None) -> bool:
    """Whether the place is there for as long as the attempt may take."""
    assert history.state is not None
    demand = history.state.demands[history.state.chunks[following.chunk].demand]
    longest = demand.timeout_ms or demand.time_ms
    return ends_ms is None or longest is None or now + longest <= ends_ms
