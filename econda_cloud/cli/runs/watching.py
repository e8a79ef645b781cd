"""`econda watch`: a run followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from econda_cloud.cli.options import Json, RunName, TeamName
from econda_cloud.cli.output import CANCELLED, FAILED, exit_like, print_json, stop
from econda_cloud.cli.runs.advice import advise
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.progress import Follower
from econda_cloud.cli.runs.report import run_report
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.summary import print_run
from econda_cloud.record.instances import instances_of
from econda_cloud.run.state import RunState

LOOK_S = 0.3
PATIENCE_S = 120.0
"""Seconds after which a run that has not begun is given up."""
PUBLISHING_S = 60.0
"""Seconds for which a run that has ended is followed until its outputs are published."""


def watch(name: RunName, team: TeamName = None, json: Json = False) -> None:
    """Follow a run to its end. Example: econda watch last"""
    follow_to_end(find_run(name, team), json=json)


def follow_to_end(found: Found, *, json: bool) -> None:
    """Show progress and then the end; the command ends as the run did."""
    state = watched(found, quiet=json)
    read = Found(found.store, found.run)
    if json:
        print_json(run_report(state, read.entries, read.plan))
    else:
        print_run(state, read.plan)
        team = found.store.team.stack.team if found.store.team is not None else ""
        advise(state, instances_of(read.entries), team=team)
    exit_like(state)


def watched(found: Found, *, quiet: bool) -> RunState:
    """The last state of the run, its progress shown unless `quiet`. An interrupt ends the command, not the run."""
    try:
        with Follower(quiet=quiet) as follower:
            follower.started(found.run)
            return _followed(found, follower.progress)
    except KeyboardInterrupt:
        more = f" --team {found.store.team.stack.team}" if found.store.team is not None else ""
        stop(f"{found.run} goes on; follow it: econda watch {found.run}{more}; end it: econda cancel {found.run}{more}",
             CANCELLED)  # fmt: skip


def _followed(found: Found, progress: Callable[[RunState], None]) -> RunState:
    """Wait until the run has ended, telling its progress. Ends the command if it, or its upload, never starts."""
    history, begun, ended = found.history(), time.monotonic(), 0.0
    while True:
        left = found.store.team is None and found.unfinished == "interrupted"
        state = history.refresh()
        if state is not None:
            progress(state)
            if state.outcome is not None:
                # What becomes of its outputs is told soon after, or, if they are many, not soon.
                ended = ended or time.monotonic()
                publishing = found.store.team is not None and state.publish_to and state.published is None
                if not publishing or time.monotonic() - ended > PUBLISHING_S:
                    return state
            if left:
                stop(f"error: {found.run} was interrupted; nobody carries it on: econda rerun {found.run}", FAILED)
        elif found.submitted is not None and found.store.team is not None:
            from econda_cloud.cli.stack.submissions import stop_if_refused

            stop_if_refused(found.store.team, found.submitted)
        if state is None and time.monotonic() - begun > PATIENCE_S:
            reason = f"did not start within {PATIENCE_S:.0f} s; `econda dead-letters` shows what was given up"
            stop(f"error: {found.run} {reason}", FAILED)
        time.sleep(LOOK_S)
