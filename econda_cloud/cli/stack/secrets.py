"""`econda secrets`: what tasks of a namespace may be given, kept where only the gateway reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from econda_cloud.cli.options import Json, TeamName
from econda_cloud.cli.output import FAILED, USAGE, print_json, stop
from econda_cloud.cli.runs.stores import team_store

app = typer.Typer(
    help="Secrets of a namespace, which its pipelines name with `secret x is aws_secrets: name = ...`.",
    no_args_is_help=True,
)
Namespace = Annotated[str, typer.Option("--namespace", help="the tenant inside the team")]


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="as pipelines name it")],
    file: Annotated[Path | None, typer.Option("--file", help="read the text from this file")] = None,
    namespace: Namespace = "default",
    team: TeamName = None,
) -> None:
    """Keep a secret, in place of an earlier text; asks for it, or reads standard input. Example: econda secrets set wandb"""
    from econda_adapters.aws.namespace_secrets import BadSecret

    text = _text(file)
    try:
        _secrets(team, namespace).set(name, text)
    except BadSecret as error:
        stop(f"error: {error}", USAGE)
    typer.echo(f"{name} is set in the namespace {namespace}")


@app.command("ls")
def list_(namespace: Namespace = "default", team: TeamName = None, json: Json = False) -> None:
    """List their names, never their texts. Example: econda secrets ls --json"""
    rows = [{"name": kept.name, "changed": kept.changed.isoformat() if kept.changed else None}
            for kept in _secrets(team, namespace).names()]  # fmt: skip
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['name']}  {row['changed'] or '-'}")
    if not rows:
        typer.echo("none")


@app.command("rm")
def remove(
    name: Annotated[str, typer.Argument(help="as `ls` shows it")],
    namespace: Namespace = "default",
    team: TeamName = None,
) -> None:
    """Remove one; AWS keeps it for a week before it is gone. Example: econda secrets rm wandb"""
    from econda_adapters.aws.namespace_secrets import BadSecret

    try:
        _secrets(team, namespace).remove(name)
    except BadSecret as error:
        stop(f"error: {error}", USAGE)
    except KeyError:
        stop(f"error: there is no secret {name} in the namespace {namespace}; `econda secrets ls` lists them", FAILED)
    typer.echo(f"{name} is removed from the namespace {namespace}")


def _text(file: Path | None) -> str:
    """Never an argument: those are seen by everybody on the machine, and kept by shells."""
    try:
        if file is not None:
            return file.read_text("utf-8").removesuffix("\n")
        if not sys.stdin.isatty():
            return sys.stdin.read().removesuffix("\n")
    except OSError as error:
        stop(f"error: {file} cannot be read: {error.strerror}", USAGE)
    except UnicodeDecodeError:
        stop("error: a secret is text; this is not UTF-8", USAGE)
    return typer.prompt("the secret", hide_input=True)


def _secrets(team: str | None, namespace: str):
    from econda_adapters.aws.namespace_secrets import NamespaceSecrets

    store = team_store(team)
    assert store.team is not None
    return NamespaceSecrets(store.team.stack.team, namespace, store.team.clients)
