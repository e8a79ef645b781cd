"""What a command would run, without running it."""

from __future__ import annotations

from typing import Any

import typer
from econda_edsl.parameters.texts import written_params
from econda_edsl.plan import Plan

from econda_cloud.cli.output import print_json


def print_dry(plan: Plan, values: dict[str, Any], *, json: bool) -> None:
    """Pipeline, tasks and parameters of a run that does not start."""
    params = written_params(plan, values)
    if json:
        tasks = {name: {"packages": _packages(plan, name)} for name in plan.tasks}
        print_json({"dry_run": True, "pipeline": plan.name, "digest": plan.digest, "params": params, "tasks": tasks})
        return
    typer.echo(f"nothing started: pipeline {plan.name}, {plan.digest}")
    for name, value in params.items():
        typer.echo(f"  parameter {name}: {plan.params[name].type} = {_shown(value)}")
    for name in plan.tasks:
        packages = _packages(plan, name)
        typer.echo(f"  task {name}" + (f" with {', '.join(packages)}" if packages else ""))


def _packages(plan: Plan, task: str) -> list[str]:
    environment = plan.environments.get(plan.tasks[task].environment or "")
    return [] if environment is None else list(environment.packages)


def _shown(value: Any) -> str:
    """A value on one line; a file by what was given for it."""
    import json

    if isinstance(value, dict) and "$artifact" in value:
        return str(value["$artifact"].get("from") or value["$artifact"].get("key"))
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
