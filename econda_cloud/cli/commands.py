"""All commands of `econda`, one function each."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer
from econda_adapters.embedded.runner import Home, run_plan

from econda_cloud.cli.local import app as local_app
from econda_cloud.cli.output import CANCELLED, FAILED, NO_SUCH_RUN, USAGE, print_json, stop
from econda_cloud.cli.packages import pinned
from econda_cloud.cli.progress import Follower
from econda_cloud.cli.source import bind, compile_file, load
from econda_cloud.cli.tables import print_attempts, print_run, print_runs, print_why, run_report
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import instances_of
from econda_cloud.run.events import decode_entry
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step

app = typer.Typer(no_args_is_help=True, help="Run pipelines written in EDSL, on this machine.", rich_markup_mode=None)
app.add_typer(local_app, name="local")

File = Annotated[Path, typer.Argument(help="an .edsl file or a .zip bundle")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Pipeline = Annotated[str | None, typer.Option("--pipeline", help="which pipeline of the file")]
RunName = Annotated[str, typer.Argument(help="the run's name, or `last`")]


def home() -> Home:
    return Home(Path(os.environ.get("ECONDA_HOME", "~/.econda")).expanduser() / "embedded")


@app.command()
def run(
    file: File,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE, may be repeated")] = None,
    pipeline: Pipeline = None,
    json: Json = False,
) -> None:
    """Run a pipeline on this machine. Example: econda run sweep.edsl -p n=12"""
    loaded = load(file, pipeline)
    params = bind(loaded, param or [])
    store = home()
    plan = pinned(loaded.plan, store.blobs)
    with Follower(quiet=json) as follower:
        state = run_plan(
            store,
            plan,
            params,
            files=loaded.files,
            user=getpass.getuser(),
            started=follower.started,
            progress=follower.progress,
        )
    if json:
        print_json(run_report(state, _entries(state.run)))
    else:
        print_run(state)
    _exit(state)


def _exit(state: RunState) -> None:
    outcome = state.outcome.state if state.outcome else "running"
    if outcome != "succeeded":
        raise typer.Exit(CANCELLED if outcome == "cancelled" else FAILED)


@app.command()
def check(file: File, pipeline: Pipeline = None, json: Json = False) -> None:
    """Check a pipeline without running it. Example: econda check sweep.edsl"""
    compiled, _, _ = compile_file(file, pipeline)
    if json:
        found = [{"code": d.code, "message": d.message} for d in compiled.diagnostics]
        print_json({"ok": compiled.ok, "diagnostics": found, "digest": compiled.plan.digest if compiled.plan else None})
    elif compiled.plan is None:
        typer.echo(compiled.render(color=False), err=True)
    else:
        plan = compiled.plan
        typer.echo(f"ok: pipeline {plan.name}, {len(plan.tasks)} tasks, {plan.digest}")
    if not compiled.ok:
        raise typer.Exit(3)


@app.command()
def graph(
    file: File,
    pipeline: Pipeline = None,
    to: Annotated[str, typer.Option("--to", help="mermaid, dot or svg")] = "mermaid",
) -> None:
    """Draw a pipeline. Example: econda graph sweep.edsl --to svg > sweep.svg"""
    from econda_edsl.graph import to_dot, to_mermaid, to_svg

    draw = {"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg}.get(to)
    if draw is None:
        stop(f"error: `{to}` is not one of mermaid, dot, svg", USAGE)
    typer.echo(draw(load(file, pipeline).plan))


def _entries(name: str) -> list:
    return [decode_entry(record) for record in home().log.read(f"run/{name}")]


def _resolve(name: str) -> str:
    """The full name of a run: `last`, a name, or the start of one that only one run has."""
    known = [log.removeprefix("run/") for log in home().log.names("run/")]
    if name == "last" and known:
        return max(known, key=lambda run: _entries(run)[0].now)
    matches = [run for run in known if run == name] or [run for run in known if run.startswith(name)]
    if len(matches) != 1:
        reason = "several runs start so" if matches else "there is none"
        stop(f"error: no run `{name}`: {reason}; `econda runs` lists them", NO_SUCH_RUN)
    return matches[0]


def _state(name: str, at: int | None = None) -> RunState:
    """The state of a run after `at` records of its log (all by default): the log folded again."""
    plan, state = home().plan(name), None
    for entry in _entries(name)[:at]:
        state, _ = step(plan, state, entry.events, entry.now)
    if state is None:
        stop(f"error: {name} has no state at record {at}", USAGE)
    return state


@app.command()
def runs(json: Json = False) -> None:
    """List the runs of this machine. Example: econda runs --json"""
    rows = [_state(log.removeprefix("run/")) for log in home().log.names("run/")]
    rows.sort(key=lambda state: state.started_ms)
    if json:
        print_json([run_report(state, []) for state in rows])
    else:
        print_runs(rows)


@app.command()
def show(name: RunName, json: Json = False) -> None:
    """Show a run: its state, outputs and every instance. Example: econda show last"""
    run_name = _resolve(name)
    state, entries = _state(run_name), _entries(run_name)
    if json:
        print_json(run_report(state, entries))
    else:
        print_run(state)
        print_attempts(instances_of(entries))


@app.command()
def why(name: RunName, instance: str, json: Json = False) -> None:
    """Say why an instance was placed where it was. Example: econda why last sweep/trials[3]/tried"""
    table = instances_of(_entries(_resolve(name)))
    if instance not in table:
        stop(f"error: {instance} was never placed; `econda show {name}` lists the instances", NO_SUCH_RUN)
    attempt = table[instance].attempts[-1]
    if json:
        verdicts = [{"offer": v.offer, "score": v.score, "cost": v.cost, "refused": v.refused, "chosen": v.chosen} for v in attempt.verdicts]  # fmt: skip
        print_json({"instance": instance, "attempt": attempt.attempt, "pool": attempt.pool, "offers": verdicts})
    else:
        print_why(instance, attempt)


@app.command()
def logs(name: RunName, instance: str) -> None:
    """Print what an instance's last attempt wrote. Example: econda logs last hello/greeting"""
    table = instances_of(_entries(_resolve(name)))
    if instance not in table:
        stop(f"error: {instance} was never placed; `econda show {name}` lists the instances", NO_SUCH_RUN)
    attempt = table[instance].attempts[-1]
    path = Path(attempt.log) if attempt.log else None
    if path and path.is_file():
        typer.echo(path.read_text(errors="replace"), nl=False)
    if attempt.message:
        typer.echo(attempt.message, err=True)


@app.command()
def replay(
    name: RunName,
    at: Annotated[int, typer.Option("--at", min=1, help="after this many records of the log")],
    json: Json = False,
) -> None:
    """Re-create a run's state as it was. Example: econda replay last --at 3"""
    state = _state(_resolve(name), at)
    if json:
        print_json(run_report(state, _entries(state.run)[:at]))
    else:
        typer.echo(
            f"{state.run} after record {at}: {state.counts.succeeded} succeeded, spent {format_usd(state.spent)}"
        )
