"""`econda show`: a run at a glance, what failed before all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from econda_cloud.cli.options import InstanceOrTask, InstanceState, Json, RunName, TaskOption, TeamName
from econda_cloud.cli.output import NOT_FOUND, print_json, stop
from econda_cloud.cli.runs.columns import Column, print_rows
from econda_cloud.cli.runs.details import print_attempts
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.groups import BAD, Group, chosen, folded, lasted_ms, price_of, shown_state
from econda_cloud.cli.runs.report import report_of
from econda_cloud.cli.runs.running import running, running_on_stack
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.summary import indented, print_head, print_outputs, print_published, published_of
from econda_cloud.cli.runs.times import duration, moment
from econda_cloud.cli.terminal import RED, paint
from econda_cloud.record.instances import Instance, instances_of
from econda_cloud.record.progress import progress_of
from econda_cloud.run.state import RunState
from econda_cloud.wire.keys import run_prefix

FAILURES_SHOWN, LINES_SHOWN, ROWS_SHOWN = 5, 6, 100

_COLUMNS = (
    Column("instance"),
    Column("state"),
    Column("pool", 4),
    Column("attempts", 3),
    Column("price", 2),
    Column("time", 1),
)


def show(
    name: RunName = "last",
    instance: InstanceOrTask = None,
    failed: Annotated[bool, typer.Option("--failed", help="only what failed, with all that is known of why")] = False,
    state: InstanceState = None,
    task: TaskOption = None,
    every: Annotated[bool, typer.Option("--all", help="every instance in a line of its own")] = False,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Show a run: its end, its outputs, what failed, and the rest in groups. Example: econda show last --failed"""
    found = find_run(name, team)
    if found.submitted is not None and not found.begun:
        _show_submitted(found, json=json)
        return
    now, table = found.state(), instances_of(found.entries)
    at_work = _at_work(found, now, table)
    task = instance if instance is not None else task
    rows = chosen(table, found.plan, state=None if state == "running" else state, task=task, failed=failed)
    if state == "running":
        rows = [row for row in rows if shown_state(row, at_work) == "running"]
    if task is not None and not rows and not (failed or state):
        stop(f"error: {found.run} has no instance or task `{task}`; `econda show {found.run}` lists them", NOT_FOUND)
    folder = found.outputs_folder
    if json:
        for row in rows:
            if row.instance in at_work:
                row.attempts[-1].state = shown_state(row, at_work)
        print_json(
            report_of(
                now,
                rows,
                found.unfinished,
                found.plan,
                outputs_folder=str(folder) if folder else None,
                published=published_of(now, left=found.unfinished == "interrupted"),
            )
        )
        return
    bad = [row for row in rows if row.state in BAD]
    # What has failed stands below, with all its words.
    if task is not None and task in table and rows and not (failed or state):
        print_attempts(found, rows[0], at_work)
        return
    print_head(now, found.unfinished, whole=not bad)
    print(indented(_when(now, found.unfinished), 2))
    if not (failed or state or task):
        print_outputs(now, found.plan)
        print_published(now, left=found.unfinished == "interrupted")
        _print_places(found)
    if bad:
        _print_failures(found, bad, whole=failed)
    if failed:
        if not bad:
            print("nothing has failed")
    elif every or state or task:
        _print_instances(rows, at_work, None if every else ROWS_SHOWN)
    else:
        _print_groups(folded(rows, now.skipped), at_work)
        _print_waiting(now)


def _at_work(found: Found, state: RunState, table: dict[str, Instance]) -> frozenset[str]:
    if state.outcome is not None:
        return frozenset()
    return running(found, table) if found.store.team is None else running_on_stack(found, state)


def _when(state: RunState, unfinished: str) -> str:
    began = f"began {moment(state.started_ms)}"
    by = f", by {state.submitted_by}" if state.submitted_by else ""
    if state.finished_ms:
        return f"{began}, took {duration(state.finished_ms - state.started_ms)}{by}"
    if unfinished == "interrupted":
        return f"{began}{by}; nobody carries it on: econda rerun {state.run}, or econda run FILE --resume"
    from econda_adapters.clock import now_ms

    return f"{began}, {duration(now_ms() - state.started_ms)} ago{by}"


def _print_places(found: Found) -> None:
    if found.store.team is not None:
        bucket = found.store.team.stack.bucket
        print(f"  status, outputs and logs: s3://{bucket}/{run_prefix(found.namespace, found.run)}/")
        print(f"  outputs as files: econda get {found.run} --team {found.store.team.stack.team}")
    elif found.outputs_folder:
        print(f"  outputs: {found.outputs_folder}")


def _print_failures(found: Found, rows: Sequence[Instance], *, whole: bool) -> None:
    print(f"\n{paint(f'failed: {len(rows)}', RED)}")
    for row in rows if whole else rows[:FAILURES_SHOWN]:
        last, lasted = row.attempts[-1], lasted_ms(row)
        after = f" after {duration(lasted)}" if lasted is not None else ""
        where = f" on {last.pool}" if last.pool else ""
        tries = f", attempt {last.attempt}" if last.attempt > 1 else ""
        line = indented(f"{row.instance}: {last.state}{after}{where}{tries}", 2)
        print(line.replace(f": {last.state}", f": {paint(last.state, RED)}", 1))
        lines = indented(last.message, 4).split("\n") if last.message else []
        kept = lines if whole or len(lines) <= LINES_SHOWN else [*lines[: LINES_SHOWN - 1], "    …"]
        if kept:
            print("\n".join(kept))
    if not whole and len(rows) > FAILURES_SHOWN:
        print(f"  … and {len(rows) - FAILURES_SHOWN} more: econda show {found.run} --failed")
    print()


def _print_groups(groups: Sequence[Group], at_work: frozenset[str]) -> None:
    rows = []
    for group in groups:
        times = [duration(each) for each in dict.fromkeys(group.times())]
        lasted = " – ".join(times)
        rows.append(
            (group.name, group.states(at_work), group.pools(), str(group.attempts() or ""), group.price(), lasted)
        )
    if rows:
        print_rows(_COLUMNS, rows)


def _print_instances(instances: Sequence[Instance], at_work: frozenset[str], most: int | None) -> None:
    rows = []
    for row in instances[:most]:
        lasted, pool = lasted_ms(row), row.attempts[-1].pool
        time = duration(lasted) if lasted is not None else ""
        rows.append((row.instance, shown_state(row, at_work), pool, str(len(row.attempts)), price_of([row]), time))
    if rows:
        print_rows(_COLUMNS, rows)
    else:
        print("there is no such instance")
    if most is not None and len(instances) > most:
        print(f"… and {len(instances) - most} more; --all shows them")


def _print_waiting(state: RunState) -> None:
    progress = progress_of(state)
    waiting = progress.known - progress.ended - sum(progress.placed.values())
    if state.outcome is None and waiting > 0:
        print(f"{waiting} more wait")


def _show_submitted(found: Found, *, json: bool) -> None:
    from econda_cloud.cli.stack.submissions import stop_if_refused

    assert found.store.team is not None
    assert found.submitted is not None
    stop_if_refused(found.store.team, found.submitted)
    about = {"run": found.run, "namespace": found.submitted.namespace, "state": "submitted", "error": None,
             "outputs": {}, "units": {"outputs": {}, "params": {}}, "tasks": []}  # fmt: skip
    print_json(about) if json else print(f"{found.run}: submitted, the stack has not begun it yet")
