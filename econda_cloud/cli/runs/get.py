"""`econda get`: the outputs of a run, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from econda_cloud.cli.options import Json, OutputNames, RunName, TeamName
from econda_cloud.cli.output import FAILED, NOT_FOUND, USAGE, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.outputs import NotWritten, write_outputs


def get(
    name: RunName = "last",
    outputs: OutputNames = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="the folder to write to; else one called like the run")
    ] = None,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Write the outputs of a run into a folder. Example: econda get last model -o results"""
    found = find_run(name, team)
    state = found.state()
    outcome = state.outcome
    if outcome is None:
        stop(
            f"error: {found.run} has no outputs yet, it is {found.unfinished}; `econda watch {found.run}` waits", FAILED
        )
    there = outcome.outputs
    unknown = [each for each in outputs or () if each not in there]
    if unknown:
        from econda_edsl.suggest import did_you_mean

        has = f"it has {', '.join(there)}" if there else f"it has {outcome.state} and has none"
        stop(f"error: {found.run} has no output `{unknown[0]}`; {did_you_mean(unknown[0], there) or has}", NOT_FOUND)
    if outcome.state != "succeeded" and not there:
        stop(f"error: {found.run} has {outcome.state} and has no outputs; `econda show {found.run}` says why", FAILED)
    wanted = {each: there[each] for each in outputs or there}
    try:
        written = write_outputs(wanted, found.store.blobs, folder or Path(found.run))
    except NotWritten as error:
        stop(f"error: {error}", USAGE)
    if json:
        print_json({"run": found.run, "outputs": {each: str(path) for each, path in written.items()}})
    else:
        for path in written.values():
            print(path)
