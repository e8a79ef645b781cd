"""`econda cancel`: a run is stopped, wherever it goes on."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from econda_cloud.cli.options import Json, RunName, TeamName, Wait
from econda_cloud.cli.output import FAILED, USAGE, exit_like, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.places import embedded_folder, user_name
from econda_cloud.cli.runs.stores import Found, embedded_home
from econda_cloud.cli.runs.watching import watched
from econda_cloud.wire.events import CancelRequested


def cancel(
    name: RunName,
    team: TeamName = None,
    reason: Annotated[str, typer.Option("--reason", help="why, for the run's log")] = "",
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Cancel a run: what runs is stopped, what waits never starts. Example: econda cancel last --reason typo"""
    found = find_run(name, team)
    if not found.begun:
        stop(f"error: {found.run} has not begun yet; cancel it once `econda show` lists it as running", FAILED)
    state = found.state()
    if state.outcome is not None:
        stop(f"error: {found.run} has {state.outcome.state} already", USAGE)
    event = CancelRequested(by=user_name(), reason=reason)
    if found.store.team is None:
        gone = _cancel_here(found, event)
    else:
        from econda_cloud.schedule.messages import write_message

        found.store.team.events.send([write_message(found.run, [event], found.store.blobs)], group=found.run)
        gone = False
    if wait:
        exit_like(watched(found, quiet=json))
    elif json:
        print_json({"run": found.run, "cancelling": True})
    elif gone:
        print(f"{found.run}: cancelled; nobody carried it on")
    else:
        print(f"{found.run}: cancelling; `econda watch {found.run}` follows it")


def _cancel_here(found: Found, event: CancelRequested) -> bool:
    """Ask the process that carries it on; a run that nobody carries on is ended by this one. Whether that was so."""
    from econda_adapters.embedded.cancelling import ask_to_cancel
    from econda_adapters.embedded.holding import RunBusy

    if found.unfinished == "running":
        ask_to_cancel(embedded_folder(), found.run, event)
        return False
    from econda_adapters.embedded.runner import resume_run

    try:
        resume_run(embedded_home(), found.run, cancel=event)
    except RunBusy:
        # Somebody has begun to carry it on this very moment.
        time.sleep(0.5)
        ask_to_cancel(embedded_folder(), found.run, event)
        return False
    return True
