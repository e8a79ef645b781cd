"""`econda replay`: a run as it was."""

from __future__ import annotations

from typing import Annotated

import typer

from econda_cloud.cli.options import Json, RunName, TeamName
from econda_cloud.cli.output import print_json
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.report import run_report
from econda_cloud.money.amounts import format_usd


def replay(
    name: RunName,
    at: Annotated[int, typer.Option("--at", min=1, help="after this many records of the log")],
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Re-create a run's state as it was. Example: econda replay last --at 3"""
    found = find_run(name, team)
    state = found.state(at)
    if json:
        print_json(run_report(state, found.entries[:at], found.plan))
    else:
        print(f"{state.run} after record {at}: {state.counts.succeeded} succeeded, spent {format_usd(state.spent)}")
