"""`econda dead-letters`: what a stack gave up on, shown and sent again."""

from __future__ import annotations

from typing import Annotated

import typer

from econda_cloud.cli.options import Json, TeamName
from econda_cloud.cli.output import NO_SUCH_RUN, USAGE, print_json, stop
from econda_cloud.cli.runs.stores import team_store

app = typer.Typer(help="Messages that a stack gave up on: list, show and redrive them.", invoke_without_command=True)
SHOWN = 300
"""Characters of a message in the list."""


@app.callback()
def list_(context: typer.Context, team: TeamName = None, json: Json = False) -> None:
    """List them with the reasons; secrets are masked. Example: econda dead-letters --json"""
    if context.invoked_subcommand is not None:
        return
    from econda_adapters.aws.dead_letters import dead_letters

    rows = [letter.shown() for letter in dead_letters(_team(team))]
    if json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['run'] or '-'}  {row['reason']}\n  {row['body'][:SHOWN]}")
    if not rows:
        typer.echo("none")


@app.command()
def show(letter: Annotated[str, typer.Argument(help="its id")], team: TeamName = None, json: Json = False) -> None:
    """Show one as a whole. Example: econda dead-letters show 3f2a99c01b"""
    from econda_adapters.aws.dead_letters import dead_letters

    row = next((each.shown() for each in dead_letters(_team(team)) if each.id == letter), None)
    if row is None:
        stop(f"error: there is no dead letter {letter}; `econda dead-letters` lists them", NO_SUCH_RUN)
    print_json(row) if json else typer.echo("\n".join(f"{name}: {value}" for name, value in row.items()))


@app.command()
def redrive(
    letters: Annotated[list[str] | None, typer.Argument(help="ids")] = None,
    every: Annotated[bool, typer.Option("--all", help="all that can be sent again")] = False,
    team: TeamName = None,
    json: Json = False,
) -> None:
    """Send them to where they came from once more. Example: econda dead-letters redrive --all"""
    from econda_adapters.aws.dead_letters import dead_letters
    from econda_adapters.aws.dead_letters import redrive as send_again

    if every == bool(letters):
        stop("error: name the dead letters to send again, or say --all", USAGE)
    found, made = dead_letters(team_ := _team(team), hold_s=60), list[dict[str, str]]()
    missing = set(letters or ()) - {each.id for each in found}
    if missing:
        stop(f"error: there is no dead letter {', '.join(sorted(missing))}", NO_SUCH_RUN)
    for letter in found:
        if every or letter.id in (letters or ()):
            try:
                send_again(team_, [letter])
                made.append({"id": letter.id, "run": letter.run, "sent": "yes"})
            except LookupError as error:
                made.append({"id": letter.id, "run": letter.run, "sent": f"no: {error}"})
    if json:
        print_json(made)
        return
    for row in made:
        typer.echo(f"{row['id']}  {row['run'] or '-'}  {'sent again' if row['sent'] == 'yes' else row['sent']}")


def _team(name: str | None):
    store = team_store(name)
    assert store.team is not None
    return store.team
