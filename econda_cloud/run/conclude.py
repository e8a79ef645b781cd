"""What follows when everything has stopped: the pipeline's handlers, one after another, then the end of the run."""

from __future__ import annotations

from econda_cloud.run.booking import book, held_since, note_outlived
from econda_cloud.run.expand import drain, start_root
from econda_cloud.run.state import Abandoned, TimerKind
from econda_cloud.run.stopping import has_stopped
from econda_cloud.run.work import Work
from econda_cloud.wire.outcome import Outcome

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


def finish_broken(work: Work, message: str) -> None:
    """End the run at once, without handlers: what is wrong with it would be wrong with them."""
    work.state.groups.clear()
    _abandon(work, list(work.state.chunks))
    _finish(work, work.state.decided or Outcome(state="failed", error=message))


def _forget_stopped(work: Work) -> None:
    """Let go of attempts that were told to stop and did not answer in time; what they held is booked until now."""
    state = work.state
    _abandon(work, list(state.chunks))
    state.groups.clear()
    state.looking.clear()
    state.leading.clear()
    state.leads.clear()
    state.timers = [timer for timer in state.timers if timer[1] == TimerKind.DEADLINE]
    for preparation in state.preparations.values():
        preparation.waiting.clear()


def _abandon(work: Work, chunks: list[str]) -> None:
    """Give these chunks up. They are told to stop once more, and what they are heard of later is booked."""
    state = work.state
    for name in chunks:
        chunk = state.chunks[name]
        state.abandoned.append(Abandoned(state.seq, name, chunk.pool, chunk.offer, chunk.handle, tuple(chunk.open),
                                         tuple(chunk.order)))  # fmt: skip
        for item, since in [(item, held_since(chunk, item)) for item in chunk.open]:
            note_outlived(work, item, name, work.now)
            book(work, item, name, *((since, chunk.held_until(since, work.now)) if since is not None else (0, 0)))
    state.stopping.clear()


def _finish(work: Work, decided: Outcome) -> None:
    state = work.state
    state.ending = state.outcome = decided
    state.finished_ms, state.finished_seq = work.now, state.seq
    state.root, state.timers, state.wake_ms = None, [], 0
    if decided.state == "succeeded" and work.program.plan.settings.publish is not None:
        from econda_cloud.run.publishing import begin_publishing

        begin_publishing(work)
    state.demands.clear()
    state.grants.clear()
