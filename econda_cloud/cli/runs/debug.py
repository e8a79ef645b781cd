"""`econda debug`: a shell where an attempt was, with all that it had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from econda_cloud.cli.options import InstanceOrTask, Json, RunName, TeamName
from econda_cloud.cli.output import FAILED, NOT_FOUND, USAGE, print_json, stop
from econda_cloud.cli.runs.attempt_folder import Laid, NotRunAgain, attempt_of, lay_out
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.groups import BAD, of_task
from econda_cloud.cli.runs.stores import Found
from econda_cloud.publishing.outputs import NotWritten
from econda_cloud.record.instances import Instance, instances_of
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.names import file_name


def debug(
    name: RunName = "last",
    task: InstanceOrTask = None,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="this attempt, not the last one")] = None,
    folder: Annotated[Path | None, typer.Option("--output", "-o", help="the folder to make")] = None,
    no_shell: Annotated[bool, typer.Option("--no-shell", help="only make the folder, and print where it is")] = False,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Lay out what an attempt had, and open a shell there to run it again. Example: econda debug last fit"""
    found = find_run(name, team)
    try:
        plan = stored_plan(found.store.blobs, found.namespace, found.run)
    except NoPlan as error:
        stop(f"error: {error}", FAILED)
    table = instances_of(found.entries)
    row = _meant(found, list(table.values()) if task is None else of_task(table, plan, task), task)
    number = attempt or row.attempts[-1].attempt
    target = folder or Path(f"debug-{found.run}-{file_name(row.instance)}")
    if target.exists():
        stop(f"error: {target} is there already; remove it, or name another folder with -o", USAGE)
    try:
        laid = lay_out(attempt_of(plan, found.entries, (row.instance, number)), found.store.blobs, target)
    except (NotRunAgain, NotWritten) as error:
        # Half of it would only mislead.
        shutil.rmtree(target, ignore_errors=True)
        stop(f"error: {error}", FAILED)
    again = ["sh", str(laid.folder / "run.sh")]
    if json:
        print_json({"run": found.run, "instance": row.instance, "attempt": number, "folder": str(laid.folder),
                    "command": again})  # fmt: skip
    elif no_shell or not sys.stdin.isatty():
        print(laid.folder)
    else:
        _open_shell(laid, row.instance, number)


def _meant(found: Found, rows: list[Instance], task: str | None) -> Instance:
    """The first that has failed, else the last one that ran."""
    rows = [row for row in rows if row.attempts[-1].state != "reused"]
    if not rows:
        what = f"`{task}`" if task else "any instance"
        stop(f"error: {found.run} never ran {what}; `econda show {found.run} --all` lists what it ran", NOT_FOUND)
    return next((row for row in rows if row.state in BAD), rows[-1])


def _open_shell(laid: Laid, instance: str, attempt: int) -> None:
    typer.echo(f"{instance}, attempt {attempt}, lies in {laid.folder}", err=True)
    typer.echo("sh run.sh runs it again; exit leaves this shell, the folder stays", err=True)
    program = os.environ.get("SHELL") or "/bin/sh"
    done = subprocess.run([program], cwd=laid.folder, env={**os.environ, **laid.variables}, check=False)
    raise typer.Exit(0 if done.returncode < 128 else FAILED)
