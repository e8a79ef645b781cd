"""`econda runs`: which runs there were."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from econda_cloud.cli.options import Json, TeamName
from econda_cloud.cli.output import USAGE, print_json, say, stop
from econda_cloud.cli.runs.columns import Column, print_rows
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.listing import begun
from econda_cloud.cli.runs.report import run_report
from econda_cloud.cli.runs.stores import Found, NotShown, stores
from econda_cloud.cli.runs.times import duration, moment, since_ms
from econda_cloud.money.amounts import format_usd
from econda_cloud.run.state import RunState

STATES = ("running", "interrupted", "succeeded", "failed", "cancelled")

_COLUMNS = (
    Column("run"), Column("state"), Column("began", 1), Column("time", 2), Column("succeeded", 5), Column("failed", 4),
    Column("spent", 3), Column("where", 6),
)  # fmt: skip


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="show so many")] = 20,
    before: Annotated[str | None, typer.Option("--before", help="those that began before this run")] = None,
    state: Annotated[str | None, typer.Option("--state", help=f"only those that are {', '.join(STATES)}")] = None,
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="only those of this pipeline")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="only those that began since then: 2026-11-28, or 12h, 7d ago")
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", help="of this namespace only")] = None,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """List runs, newest first, of this machine and of every stack that answers. Example: econda runs --state failed"""
    if state is not None and state not in STATES:
        stop(f"error: `{state}` is no state of a run; it is one of {', '.join(STATES)}", USAGE)
    earliest = _earliest(since)
    places = stores(team)
    position = find_run(before, team, places).position if before else None
    rows, missing, more = list[tuple[RunState, Found]](), Counter[str](), ""
    for found, indexed in begun(places, namespace=namespace, before=position):
        if indexed.started_ms < earliest:
            break
        if pipeline is not None and indexed.run.rpartition("-")[0] != pipeline:
            continue
        if len(rows) == limit:
            more = rows[-1][1].run
            break
        try:
            newest = found.newest()
        except NotShown as error:
            missing[str(error)] += 1
            continue
        if state in (None, _state(newest, found)):
            rows.append((newest, found))
    if json:
        print_json(
            [{**run_report(now, [], each.plan, each.unfinished), "where": each.store.name} for now, each in rows]
        )
    elif rows:
        print_rows(_COLUMNS, [_row(now, each) for now, each in rows])
    else:
        say("no run is so" if state or pipeline or since else "there is no run yet: econda run FILE.edsl starts one")
    for reason, number in missing.items():
        say(f"not shown: {number} {reason}")
    if more:
        say(f"there are more: econda runs --before {more}")


def _earliest(since: str | None) -> int:
    if since is None:
        return 0
    from econda_adapters.clock import now_ms

    try:
        return since_ms(since, now_ms())
    except ValueError as error:
        stop(f"error: {error}", USAGE)


def _state(state: RunState, found: Found) -> str:
    return state.outcome.state if state.outcome else found.unfinished


def _row(state: RunState, found: Found) -> tuple[str, ...]:
    counts, now = state.counts, _state(state, found)
    lasted = state.finished_ms - state.started_ms if state.finished_ms else None
    if now == "running":
        from econda_adapters.clock import now_ms

        lasted = now_ms() - state.started_ms
    return (state.run, now, moment(state.started_ms), duration(lasted) if lasted is not None else "",
            str(counts.succeeded), str(counts.failed or ""), format_usd(state.spent), found.store.name)  # fmt: skip
