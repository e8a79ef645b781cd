"""Commands on runs, wherever they ran: list them, show one, say why it was placed so, print its logs, replay it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from econda_cloud.cli.options import Json, RunName, TeamName
from econda_cloud.cli.output import NO_SUCH_RUN, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.listing import begun
from econda_cloud.cli.runs.logs import log_of
from econda_cloud.cli.runs.stores import Found, NotShown, stores
from econda_cloud.cli.runs.tables import print_attempts, print_run, print_runs, print_why, run_report
from econda_cloud.cli.stack.submissions import Submission, stop_if_refused
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Attempt, instances_of
from econda_cloud.wire.keys import run_prefix

InstanceName = Annotated[str, typer.Argument(help="an instance as `econda show` lists it: sweep/trials[3]/tried")]


def runs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="show so many")] = 20,
    before: Annotated[str | None, typer.Option("--before", help="those that began before this run")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", help="of this namespace only")] = None,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """List runs, newest first, of this machine and of every stack that answers. Example: econda runs --limit 5 --json"""
    places = stores(team)
    position = find_run(before, team, places).position if before else None
    rows, missing, more = [], Counter[str](), ""
    for found, _ in begun(places, namespace=namespace, before=position):
        if len(rows) == limit:
            more = rows[-1][1].run
            break
        try:
            rows.append((found.newest(), found))
        except NotShown as error:
            missing[str(error)] += 1
    if json:
        print_json([{**run_report(state, [], each.unfinished), "where": each.store.name} for state, each in rows])
    else:
        print_runs([(state, each.store.name, each.unfinished) for state, each in rows])
    for reason, number in missing.items():
        typer.echo(f"not shown: {number} {reason}", err=True)
    if more:
        typer.echo(f"there are more: econda runs --before {more}", err=True)


def show(name: RunName, team: TeamName = None, json: Json = False) -> None:
    """Show a run: its state, outputs and every instance. Example: econda show last"""
    found = find_run(name, team)
    if found.submitted is not None and not found.begun:
        _show_submitted(found, found.submitted, json=json)
    elif json:
        print_json(run_report(found.state(), found.entries, found.unfinished))
    else:
        print_run(found.state(), found.unfinished)
        print_attempts(instances_of(found.entries))
        if found.store.team is not None:
            bucket = found.store.team.stack.bucket
            typer.echo(f"status, outputs and logs: s3://{bucket}/{run_prefix(found.namespace, found.run)}/")


def _show_submitted(found: Found, submission: Submission, *, json: bool) -> None:
    assert found.store.team is not None
    stop_if_refused(found.store.team, submission)
    about = {"run": found.run, "namespace": submission.namespace, "state": "submitted", "outputs": {}, "tasks": []}
    print_json(about) if json else typer.echo(f"{found.run}: submitted, the stack has not begun it yet")


def why(name: RunName, instance: InstanceName, team: TeamName = None, json: Json = False) -> None:
    """Say why an instance was placed where it was. Example: econda why last sweep/trials[3]/tried"""
    attempt = _last_attempt(find_run(name, team), instance)
    if json:
        verdicts = [{"offer": v.offer, "score": v.score, "cost": v.cost, "refused": v.refused, "chosen": v.chosen} for v in attempt.verdicts]  # fmt: skip
        print_json({"instance": instance, "attempt": attempt.attempt, "pool": attempt.pool, "offers": verdicts,
                    "state": attempt.state, "message": attempt.message, "not_reused": attempt.not_reused})  # fmt: skip
    else:
        print_why(instance, attempt)


def logs(name: RunName, instance: InstanceName, team: TeamName = None, json: Json = False) -> None:
    """Print what an instance's last attempt wrote. Example: econda logs last hello/greeting"""
    found = find_run(name, team)
    attempt = _last_attempt(found, instance)
    text = log_of(found, instance, attempt).decode("utf-8", "replace")
    if json:
        print_json({"instance": instance, "attempt": attempt.attempt, "message": attempt.message, "log": text})
        return
    typer.echo(text, nl=False)
    if attempt.message:
        typer.echo(attempt.message, err=True)


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
        print_json(run_report(state, found.entries[:at]))
    else:
        typer.echo(
            f"{state.run} after record {at}: {state.counts.succeeded} succeeded, spent {format_usd(state.spent)}"
        )


def _last_attempt(found: Found, instance: str) -> Attempt:
    table = instances_of(found.entries)
    if instance not in table:
        stop(f"error: {instance} was never placed; `econda show {found.run}` lists the instances", NO_SUCH_RUN)
    return table[instance].attempts[-1]
