"""`econda get`: the outputs of a run, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from econda_cloud.cli.options import Json, OutputNames, RunName, TeamName
from econda_cloud.cli.output import FAILED, NOT_FOUND, USAGE, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.stores import Found
from econda_cloud.publishing.outputs import NotWritten, write_outputs
from econda_cloud.record.instances import Instance, instances_of
from econda_cloud.wire.names import file_name


def get(
    name: RunName = "last",
    outputs: OutputNames = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="the folder to write to; else one called like the run")
    ] = None,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Write the outputs of a run, or of an instance of it, into a folder. Example: econda get last model -o results"""
    found = find_run(name, team)
    target = folder or Path(found.run)
    asked = outputs or []
    table = instances_of(found.entries) if any("/" in each for each in asked) else {}
    instances = [each for each in asked if each in table]
    rest = [each for each in asked if each not in table]
    wanted = _wanted(found, rest) if rest or not asked else {}
    try:
        written = write_outputs(wanted, found.store.blobs, target, found.state().finished_ms) if wanted else {}
        for each in instances:
            given, ended_ms = _outputs_of(found, table[each]), table[each].attempts[-1].ended_ms
            made = write_outputs(given, found.store.blobs, target / file_name(each), ended_ms or None)
            written |= {f"{each}.{output}": path for output, path in made.items()}
    except NotWritten as error:
        stop(f"error: {error}", USAGE)
    if json:
        print_json({"run": found.run, "outputs": {each: str(path) for each, path in written.items()}})
    else:
        for path in written.values():
            print(path)


def _wanted(found: Found, names: list[str]) -> dict[str, Any]:
    """Outputs of the pipeline, all if none is named. Ends the command for one that is not there."""
    outcome = found.state().outcome
    if outcome is None:
        stop(
            f"error: {found.run} has no outputs yet, it is {found.unfinished}; `econda watch {found.run}` waits", FAILED
        )
    there = outcome.outputs
    unknown = next((each for each in names if each not in there), None)
    if unknown is not None:
        from econda_edsl.diagnostics.spelling import did_you_mean

        has = f"it has {', '.join(there)}" if there else f"it has {outcome.state} and has none"
        stop(f"error: {found.run} has no output `{unknown}`; {did_you_mean(unknown, there) or has}", NOT_FOUND)
    if outcome.state != "succeeded" and not there:
        stop(f"error: {found.run} has {outcome.state} and has no outputs; `econda show {found.run}` says why", FAILED)
    return {each: there[each] for each in names or there}


def _outputs_of(found: Found, row: Instance) -> dict[str, Any]:
    if row.outputs is None:
        stop(f"error: {row.instance} has no outputs, it is {row.state}; `econda show {found.run} {row.instance}` says why",
             FAILED)  # fmt: skip
    return row.outputs
