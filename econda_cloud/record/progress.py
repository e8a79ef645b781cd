"""How far a run is, as far as anybody can know: a fan says how wide it is once it has begun."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop, RunState


@dataclass(frozen=True)
class Progress:
    """Counts of instances. `known` are those ended and those that the run has come to; `placed` by pool."""

    ended: int
    known: int
    placed: dict[str, int]


def progress_of(state: RunState) -> Progress:
    counts = state.counts
    ended = counts.succeeded + counts.failed + counts.cancelled
    waiting = _begun(state.root) if state.root is not None else 0
    waiting += sum(each.call is not None for each in state.preparations.values())
    placed: Counter[str] = Counter()
    for chunk in state.chunks.values():
        placed[chunk.pool] += len(chunk.open)
    return Progress(ended, ended + waiting, dict(placed))


def _begun(frame: Frame) -> int:
    """Calls below a frame that are active, and members of fans that wait: each is at least one call more."""
    total = 0
    for active in frame.active.values():
        match active:
            case Call():
                total += 1
            case Branch(frame=below) | Loop(frame=below):
                total += _begun(below)
            case Fan(frames=frames):
                total += sum(_begun(below) for below in frames.values())
                total += active.total - active.done - len(frames)
    return total
