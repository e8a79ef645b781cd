"""All commands of `econda` in one program."""

from __future__ import annotations

from typing import Annotated

import typer

from econda_cloud.cli.lazy import Lazy, LazyGroup

_FILES = "econda_cloud.cli.language"
_RUNS = "econda_cloud.cli.runs"
_STACK = "econda_cloud.cli.stack"


class Commands(LazyGroup):
    table = {
        "new": Lazy(f"{_FILES}.new", "new", "Write an example pipeline to begin with."),
        "run": Lazy(f"{_FILES}.run_here", "run", "Run a pipeline on this machine."),
        "rerun": Lazy(f"{_FILES}.run_here", "rerun", "Run again what a run did not finish, or all from a step on"),
        "check": Lazy(f"{_FILES}.run_here", "check", "Check a pipeline without running it."),
        "graph": Lazy(f"{_FILES}.run_here", "graph", "Draw a pipeline."),
        "lock": Lazy(f"{_FILES}.run_here", "lock", "Pin the imports of a pipeline"),
        "fmt": Lazy(f"{_FILES}.text", "fmt", "Write files in the one style."),
        "explain": Lazy(f"{_FILES}.text", "explain", "Tell what an error or a lint means, with examples."),
        "lint": Lazy(f"{_FILES}.lint", "lint", "Give advice on files without errors"),
        "docs": Lazy(f"{_FILES}.docs", "docs", "Write a page per file from its docs and signatures."),
        "lsp": Lazy(f"{_FILES}.lsp", "lsp", "Serve an editor with errors, completion and more while typing."),
        "import": Lazy(f"{_FILES}.imports", "import_", "Write a pipeline from another system's workflow."),
        "emit": Lazy(f"{_FILES}.emit", "emit", "Execute a Python file and write its pipeline as EDSL."),
        "runs": Lazy(f"{_RUNS}.listing_command", "runs", "List runs, newest first"),
        "show": Lazy(f"{_RUNS}.show", "show", "Show a run: its end, its outputs, what failed, and the rest in groups."),
        "logs": Lazy(f"{_RUNS}.logs", "logs", "Print what instances wrote, also while they run."),
        "get": Lazy(f"{_RUNS}.get", "get", "Write the outputs of a run, or of an instance of it, into a folder."),
        "why": Lazy(f"{_RUNS}.why", "why", "Say why an instance was placed where it was"),
        "debug": Lazy(
            f"{_RUNS}.debug", "debug", "Lay out what an attempt had, and open a shell there to run it again."
        ),
        "replay": Lazy(f"{_RUNS}.replay", "replay", "Re-create a run's state as it was."),
        "watch": Lazy(f"{_RUNS}.watching", "watch", "Follow a run to its end."),
        "cancel": Lazy(f"{_RUNS}.cancel", "cancel", "Cancel a run: what runs is stopped, what waits never starts."),
        "rm": Lazy(f"{_RUNS}.removing", "rm", "Remove runs of this machine with their logs and outputs, for good."),
        "gc": Lazy(f"{_RUNS}.removing", "gc", "Remove old runs of this machine, and files that no run needs any more."),
        "up": Lazy(f"{_STACK}.commands", "up", "Deploy a team's stack, or bring it up to date."),
        "submit": Lazy(f"{_STACK}.commands", "submit", "Upload a pipeline to a team's bucket, which starts a run."),
        "destroy": Lazy(f"{_STACK}.commands", "destroy", "Remove a team's stack"),
        "dead-letters": Lazy(f"{_STACK}.dead_letters", "app", "Messages that a stack gave up on"),
        "secrets": Lazy(f"{_STACK}.secrets", "app", "Secrets of a namespace"),
        "local": Lazy(f"{_STACK}.emulators", "app", "Start and stop AWS emulators on this machine."),
    }


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"econda {version('econda-cloud')}")
        raise typer.Exit


@app.callback()
def econda(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run pipelines written in EDSL: on this machine, or on a team's own stack in the cloud."""
    del version
