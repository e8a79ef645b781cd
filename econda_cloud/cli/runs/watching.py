"""Following a run of a stack to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from econda_cloud.cli.output import FAILED, exit_like, print_json, stop
from econda_cloud.cli.runs.progress import Follower
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.tables import print_run, run_report
from econda_cloud.cli.stack.submissions import stop_if_refused
from econda_cloud.run.state import RunState

LOOK_S = 0.3
PATIENCE_S = 120.0
"""Seconds after which a run that has not begun is given up."""


def follow_to_end(found: Found, *, json: bool) -> None:
    """Show progress and then the end; the command ends as the run did."""
    state = watched(found, quiet=json)
    if json:
        print_json(run_report(state, Found(found.store, found.run).entries))
    else:
        print_run(state)
    exit_like(state)


def watched(found: Found, *, quiet: bool) -> RunState:
    """The last state of the run, its progress shown unless `quiet`."""
    with Follower(quiet=quiet) as follower:
        follower.started(found.run)
        return _followed(found, follower.progress)


def _followed(found: Found, progress: Callable[[RunState], None]) -> RunState:
    """Wait until the run has ended, telling its progress. Ends the command if it, or its upload, never starts."""
    history, begun = found.history(), time.monotonic()
    while True:
        state = history.refresh()
        if state is not None:
            progress(state)
            if state.outcome is not None:
                return state
        elif found.submitted is not None and found.store.team is not None:
            stop_if_refused(found.store.team, found.submitted)
        if state is None and time.monotonic() - begun > PATIENCE_S:
            reason = f"did not start within {PATIENCE_S:.0f} s; `econda dead-letters` shows what was given up"
            stop(f"error: {found.run} {reason}", FAILED)
        time.sleep(LOOK_S)
