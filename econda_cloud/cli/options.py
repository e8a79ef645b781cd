"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

COMPLETED = 1_000
"""Runs among which names are completed."""


def _run_names(incomplete: str) -> list[str]:
    """For completion: the newest runs of this machine, and `last`."""
    from econda_cloud.cli.runs.listing import names
    from econda_cloud.cli.runs.stores import embedded

    return [*(["last"] if "last".startswith(incomplete) else []), *names(embedded(), incomplete, COMPLETED)]


def _team_names(incomplete: str) -> list[str]:
    from econda_adapters.aws.deployed import deployed_teams

    from econda_cloud.cli.runs.places import home_folder

    return [name for name in deployed_teams(home_folder()) if name.startswith(incomplete)]


def _instances(context: typer.Context, incomplete: str) -> list[str]:
    """For completion: instances of the run that was named before, and its tasks."""
    from econda_cloud.cli.runs.completing import instances

    return instances(str(context.params.get("name") or "last"), incomplete)


def _tasks(context: typer.Context, incomplete: str) -> list[str]:
    from econda_cloud.cli.runs.completing import tasks

    return tasks(str(context.params.get("name") or "last"), incomplete)


def _outputs(context: typer.Context, incomplete: str) -> list[str]:
    from econda_cloud.cli.runs.completing import outputs

    return outputs(str(context.params.get("name") or "last"), incomplete)


def _params(context: typer.Context, incomplete: str) -> list[str]:
    """For completion: parameters of the pipeline file that was named before."""
    from econda_cloud.cli.language.completing import parameters

    # What stands before an option that has no value yet is not among the parameters.
    words = os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()
    named = next((word for word in words if word.endswith((".edsl", ".zip"))), None)
    return parameters(context.params.get("file") or named, incomplete)


File = Annotated[Path, typer.Argument(help="an .edsl file or a .zip bundle")]
InstanceName = Annotated[
    str,
    typer.Argument(
        help="an instance as `econda show --all` lists it: sweep/trials[3]/tried", autocompletion=_instances
    ),
]
InstanceOrTask = Annotated[
    str | None,
    typer.Argument(help="an instance, a task or step, or a pattern with `*`; all if not given", autocompletion=_tasks),
]
InstanceState = Annotated[
    str | None, typer.Option("--state", help="only instances in this state: running, succeeded, failed, timed_out, …")
]
OutputNames = Annotated[
    list[str] | None,
    typer.Argument(help="outputs of the pipeline, or instances; all outputs if none is named", autocompletion=_outputs),
]
RunNames = Annotated[
    list[str], typer.Argument(help="names of runs, or `last`", autocompletion=_run_names, show_default=False)
]
TaskOption = Annotated[
    str | None, typer.Option("--task", help="only of this task, step, or pattern with `*`", autocompletion=_tasks)
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        help="NAME=VALUE, may be repeated; it is read by the type that is declared",
        autocompletion=_params,
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME.FIELD=VALUE: one value inside of a parameter; may be repeated"),
]
ParamFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--params",
        help="a .yaml, .toml or .json file of parameters; it stands over `params.yaml` beside the pipeline, -p over it",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="go on with the last run of this file; what has not changed is not done again"),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="compile, read the parameters, and print what would run; nothing starts"),
]
Pipeline = Annotated[str | None, typer.Option("--pipeline", help="which pipeline of the file")]
RunName = Annotated[str, typer.Argument(help="the run's name, or `last`", autocompletion=_run_names)]
TeamName = Annotated[
    str | None,
    typer.Option("--team", envvar="ECONDA_TEAM", help="the team whose stack is meant", autocompletion=_team_names),
]
Wait = Annotated[bool, typer.Option("--wait", help="follow the run to its end; the exit code is the run's")]
