"""What follows when everything has stopped: the pipeline's handlers, one after another, then the end of the run."""

from __future__ import annotations

from econda_cloud.run.expand import drain, start_root
from econda_cloud.run.stopping import has_stopped
from econda_cloud.run.work import Work
from econda_cloud.wire.commands import FinishRun
from econda_cloud.wire.outcome import Outcome

DEADLINE = "deadline"
_KINDS = {"succeeded": ("any",), "failed": ("failure", "any"), "cancelled": ("cancel", "any")}


def conclude(work: Work) -> None:
    """Start the next handler, or finish the run, if its end is decided and nothing of it still runs.

    How the run ended is decided before its handlers begin and stands whatever becomes of them.
    """
    while has_stopped(work):
        state = work.state
        decided = state.decided or state.ending
        assert decided is not None
        if state.handling and state.ending is not None and state.ending.state != "succeeded":
            state.errors = [*state.errors, f"on {state.handling}: {state.ending.error}"][:20]
        state.decided = decided
        _forget_stopped(work)
        handler = _next(work, decided)
        if handler is None:
            _finish(work, decided)
            return
        state.handling, state.ending, state.stop_by_ms = handler, None, 0
        work.base["run"]["error"] = decided.error
        start_root(work)
        drain(work)


def _next(work: Work, decided: Outcome) -> str | None:
    kinds = [kind for kind in _KINDS[decided.state] if kind in work.program.handlers]
    following = kinds[kinds.index(work.state.handling) + 1 :] if work.state.handling in kinds else kinds
    return following[0] if following else None


def _forget_stopped(work: Work) -> None:
    """Let go of attempts that were told to stop and did not answer in time."""
    state = work.state
    state.stopping.clear()
    work.releases += [item for chunk in state.chunks.values() for item in (*chunk.open, *chunk.lent)]
    state.chunks.clear()
    state.timers = [timer for timer in state.timers if timer[1] == DEADLINE]
    for preparation in state.preparations.values():
        preparation.waiting.clear()


def _finish(work: Work, decided: Outcome) -> None:
    state = work.state
    state.ending = state.outcome = decided
    state.finished_ms = work.now
    state.root, state.timers, state.timer_ms = None, [], 0
    work.commands.append(FinishRun(outcome=decided))
