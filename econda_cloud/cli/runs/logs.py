"""`econda logs`: what instances wrote, also while they write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from econda_cloud.cli.options import InstanceOrTask, Json, RunName, TeamName
from econda_cloud.cli.output import NOT_FOUND, USAGE, print_json, say, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.groups import BAD, of_task
from econda_cloud.cli.runs.prefixed import Printer
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.summary import indented
from econda_cloud.cli.runs.written import log_of
from econda_cloud.record.instances import Attempt, Instance, instances_of
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.schedule.stored_plans import stored_plan


def logs(
    name: RunName = "last",
    task: InstanceOrTask = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until the run ends")] = False,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="of this attempt, not the last one")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="only of what failed")] = False,
    tail: Annotated[int | None, typer.Option("--tail", min=0, help="the last so many lines of each")] = None,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Print what instances wrote, also while they run. Example: econda logs last --follow"""
    if follow:
        if json or failed or attempt:
            stop("error: --follow shows what comes; it goes with neither --json nor --failed nor --attempt", USAGE)
        from econda_cloud.cli.runs.follow_logs import follow_logs

        follow_logs(find_run(name, team), task, tail)
        return
    found = find_run(name, team)
    table = instances_of(found.entries)
    rows = _wanted(found, table, task, failed)
    one = task is not None and task in table
    shown = [(row.instance, each) for row in rows if (each := _attempt(row, attempt)) is not None]
    if not shown and attempt is not None:
        stop(
            f"error: there is no attempt {attempt}; `econda show {found.run} --all` tells how many there are", NOT_FOUND
        )
    if json:
        _print_json(found, shown, tail, one=one)
        return
    printer, written = Printer(prefixed=not one), False
    for instance, each in shown:
        data = last_lines(log_of(found, instance, each), tail)
        written = written or bool(data)
        printer.write(instance, data)
        printer.end(instance)
        if each.message and (one or each.state in BAD):
            say(indented(each.message if one else f"{instance}: {each.message}", 0, sys.stderr))
    if not written and tail != 0:
        say("nothing was written")


def _wanted(found: Found, table: dict[str, Instance], task: str | None, failed: bool) -> list[Instance]:
    """In the order in which they began. Ends the command if the task is none."""
    rows = list(table.values())
    if task is not None:
        try:
            plan = stored_plan(found.store.blobs, found.namespace, found.run)
        except NoPlan:
            plan = None
        rows = of_task(table, plan, task)
        if not rows:
            stop(f"error: {task} was never placed; `econda show {found.run}` lists the instances", NOT_FOUND)
    rows = [row for row in rows if row.state in BAD] if failed else rows
    return sorted(rows, key=lambda row: row.attempts[-1].started_ms or 1 << 62)


def _attempt(row: Instance, number: int | None) -> Attempt | None:
    if number is None:
        return row.attempts[-1]
    return next((each for each in row.attempts if each.attempt == number), None)


def last_lines(data: bytes, number: int | None) -> bytes:
    """The last so many lines, all by default."""
    if number is None:
        return data
    return b"".join(data.splitlines(keepends=True)[-number:]) if number else b""


def _print_json(found: Found, shown: Sequence[tuple[str, Attempt]], tail: int | None, *, one: bool) -> None:
    rows = [
        {
            "instance": instance,
            "attempt": each.attempt,
            "message": each.message,
            "log": last_lines(log_of(found, instance, each), tail).decode("utf-8", "replace"),
        }
        for instance, each in shown
    ]
    print_json(rows[0] if one and rows else rows)
