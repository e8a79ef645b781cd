"""Timers of a run: which are due, which are stale, and when the next one is."""

from __future__ import annotations

import heapq

from econda_cloud.run.booking import budget_ends_ms
from econda_cloud.run.endings import backs_off
from econda_cloud.run.shares import shares_end_ms
from econda_cloud.run.state import RunState, TimerKind
from econda_cloud.run.work import Work

SHOW_MS = 5_000
"""The status of a run is written so often at most, but for its last one."""

STALE_MOST = 64
"""Stale timers that are not worth throwing away."""


def next_ms(work: Work, *, moving: bool = False) -> int:
    """When something is due next, in ms since the epoch; 0 for never. The heap's first timer is live.

    moving: a timer has just had the status shown. If all that is at work is one attempt, perhaps a link of a chain that
    goes on in its own slot, the next status has its timer at once, so that no link has to stop for it.
    """
    state = work.state
    due = [state.timers[0][0]] if state.timers else []
    if state.ending is not None:
        due.append(state.stop_by_ms)
    else:
        due += [ends for ends in (budget_ends_ms(work), shares_end_ms(work)) if ends is not None]
    if state.unshown or (moving and state.ending is None and _is_link(state)):
        due.append(state.shown_ms + SHOW_MS)
    return min(due, default=0)


def _is_link(state: RunState) -> bool:
    return len(state.chunks) == 1 and all(len(chunk.open) == 1 for chunk in state.chunks.values())


def is_early(state: RunState, now: int) -> bool:
    """Whether time alone changes nothing yet: what the run asked to be woken for is still to come, or was never asked."""
    return state.outcome is not None or not 0 < state.wake_ms <= now


def prune(work: Work) -> None:
    """Throw stale timers away: those that would ring next, and all once they are more than the others."""
    state = work.state
    while state.timers and not _live(work, state.timers[0]):
        heapq.heappop(state.timers)
    if len(state.timers) > 2 * state.timers_kept + STALE_MOST:
        state.timers = [timer for timer in state.timers if _live(work, timer)]
        heapq.heapify(state.timers)
        state.timers_kept = len(state.timers)


def _live(work: Work, timer: tuple[int, int, str, int]) -> bool:
    """Whether anything is left to be done at a timer."""
    at_ms, kind, name, attempt = timer
    match TimerKind(kind):
        case TimerKind.DEADLINE:
            return not name or work.locate_pipeline(name) is not None
        case TimerKind.LOOK:
            chunk = work.state.chunks.get(name)
            return chunk is not None and chunk.look_ms == at_ms
        case TimerKind.BACK_OFF:
            return backs_off(work, name, attempt)
