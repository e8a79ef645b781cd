"""Runs and instances as tables for people and as JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from econda_cloud.cli.runs.progress import summary
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Attempt, Instance, instances_of
from econda_cloud.run.state import RunState
from econda_cloud.wire.entries import Entry

PLAIN_WIDTH = 120
SHOWN = 40
"""Rows of a table for people; `--json` has them all."""


def run_report(state: RunState, entries: list[Entry], unfinished: str = "running") -> dict[str, Any]:
    """A run as `--json` prints it. Money is in nano-dollars, times in ms since the epoch.

    `unfinished` is the state of a run that has not ended.
    """
    outcome = state.outcome
    return {
        "run": state.run,
        "namespace": state.namespace,
        "state": outcome.state if outcome else unfinished,
        "error": outcome.error if outcome else "",
        "outputs": outcome.outputs if outcome else {},
        "params": state.params,
        "started_ms": state.started_ms,
        "finished_ms": state.finished_ms or None,
        "spent_nanos": state.spent,
        "skipped": state.skipped,
        "tasks": [_row(row) for row in instances_of(entries).values()],
    }


def _row(row: Instance) -> dict[str, Any]:
    last = row.attempts[-1]
    costs = [attempt.cost for attempt in row.attempts if attempt.cost is not None]
    cost = sum(costs) if costs else None
    return {
        "instance": row.instance,
        "state": row.state,
        "pool": last.pool,
        "attempts": len(row.attempts),
        "started_ms": last.started_ms,
        "ended_ms": last.ended_ms,
        "cost_nanos": cost,
        "price": format_usd(cost) if cost is not None else None,
        "message": last.message,
        **({"not_reused": reason} if (reason := row.attempts[0].not_reused) else {}),
    }


def print_run(state: RunState, unfinished: str = "running") -> None:
    console = Console(highlight=False)
    outcome = state.outcome
    console.print(f"{state.run}: {outcome.state if outcome else unfinished}; {summary(state)}", markup=False)
    if outcome and outcome.error:
        console.print(f"  {outcome.error}", markup=False)
    for name, value in (outcome.outputs if outcome else {}).items():
        console.print(f"  {name} = {_shown(value)}", markup=False, soft_wrap=True)


def _shown(value: Any) -> str:
    """An output in a line; a file by its name, size and key."""
    if isinstance(value, dict) and "$artifact" in value:
        about = value["$artifact"]
        return f"{about.get('kind', 'File')} {about.get('name', '')}, {about['size']:,} bytes, {about['key']}"
    return json.dumps(value)


def print_attempts(table: dict[str, Instance]) -> None:
    shown = Table(Column("instance", overflow="fold"), "state", "pool", "attempts", "time", "price")
    for row in list(table.values())[:SHOWN]:
        last = row.attempts[-1]
        time = f"{(last.ended_ms - last.started_ms) / 1000:.3f} s" if last.ended_ms else ""
        cost = _row(row)["cost_nanos"]
        price = "unknown" if cost is None else format_usd(cost)
        shown.add_row(row.instance.replace("[", r"\["), row.state, last.pool, str(len(row.attempts)), time, price)
    console = _console()
    console.print(shown)
    if len(table) > SHOWN:
        console.print(f"… and {len(table) - SHOWN} more; --json has all")


def _console() -> Console:
    """As wide as the terminal; where nobody says how wide that is, wide enough for the names of instances."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, PLAIN_WIDTH))


def print_runs(rows: list[tuple[RunState, str, str]]) -> None:
    """Runs, each with where it ran and what to call it if it has not ended."""
    table = Table("run", "where", "state", "succeeded", "failed", "spent")
    for state, where, unfinished in rows:
        outcome = state.outcome.state if state.outcome else unfinished
        counts = state.counts
        table.add_row(state.run, where, outcome, str(counts.succeeded), str(counts.failed), format_usd(state.spent))
    _console().print(table)


def print_why(instance: str, attempt: Attempt) -> None:
    console = Console(highlight=False)
    where = f"reused {attempt.message}" if attempt.state == "reused" else attempt.pool or "not placed"
    console.print(f"{instance}, attempt {attempt.attempt}: {where}", markup=False)
    if attempt.not_reused:
        console.print(f"  no earlier result could be used: {attempt.not_reused}", markup=False, soft_wrap=True)
    for verdict in attempt.verdicts:
        if verdict.refused:
            reason = f"refused: {verdict.refused}"
        else:
            reason = f"score {format_usd(verdict.score or 0)}, expected cost {format_usd(verdict.cost or 0)}"
        console.print(f"  {verdict.offer}: {'chosen, ' if verdict.chosen else ''}{reason}", markup=False)
