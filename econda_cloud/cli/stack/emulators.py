"""`econda local`: the AWS emulators on this machine."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from econda_cloud.cli.output import FAILED, print_json, stop

app = typer.Typer(no_args_is_help=True, help="Start and stop AWS emulators on this machine.")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def up(json: Json = False) -> None:
    """Start the local cloud, or find it running. Example: econda local up"""
    from econda_local.cloud import up as start

    cloud = start()
    if json:
        print_json(cloud.environment())
    else:
        typer.echo(f"local cloud at {cloud.endpoint_url}, Batch at {cloud.batch_endpoint_url}")
        typer.echo('eval "$(econda local env)" lets any AWS client use it')


@app.command()
def down(json: Json = False) -> None:
    """Stop the local cloud and forget its data. Example: econda local down"""
    from econda_local.cloud import down as end

    stopped = end()
    print_json({"stopped": stopped}) if json else typer.echo("stopped" if stopped else "it was not running")


@app.command()
def status(json: Json = False) -> None:
    """Say whether the local cloud runs. Example: econda local status --json"""
    from econda_local.cloud import status as look

    cloud = look()
    if json:
        print_json({"running": cloud is not None, "endpoint_url": cloud.endpoint_url if cloud else None})
    else:
        typer.echo(f"running at {cloud.endpoint_url}" if cloud else "not running")


@app.command()
def requests(
    json: Json = False, reset: Annotated[bool, typer.Option("--reset", help="begin to count anew")] = False
) -> None:
    """Print how many requests stacks have made that AWS would bill. Example: econda local requests --json"""
    from econda_local.cloud import status as look

    cloud = look()
    if cloud is None:
        stop("error: the local cloud is not running; start it with `econda local up`", FAILED)
    rows = [row for row in cloud.requests(reset=reset) if row[0] == "stack"]
    if json:
        print_json([{"service": service, "operation": operation, "requests": n} for _, service, operation, n in rows])
        return
    for _, service, operation, number in rows:
        typer.echo(f"{number:8,} {service} {operation}")
    typer.echo(f"{sum(row[3] for row in rows):8,} in all")


@app.command()
def env(json: Json = False) -> None:
    """Print what an AWS client needs, for eval. Example: eval "$(econda local env)" """
    from econda_local.cloud import status as look

    cloud = look()
    if cloud is None:
        stop("error: the local cloud is not running; start it with `econda local up`", FAILED)
    if json:
        print_json(cloud.environment())
        return
    for name, value in cloud.environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")
