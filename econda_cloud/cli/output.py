"""How commands speak: JSON for programs, tables and plain lines for people, errors on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

import typer

from econda_cloud.run.state import RunState

FAILED, USAGE, NOT_COMPILED, NO_SUCH_RUN, CANCELLED = 1, 2, 3, 4, 130


def exit_like(state: RunState) -> None:
    """End the command as the run ended."""
    outcome = state.outcome.state if state.outcome else "running"
    if outcome != "succeeded":
        raise typer.Exit(CANCELLED if outcome == "cancelled" else FAILED)


def print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2, sort_keys=False, default=str)
    sys.stdout.write("\n")


def stop(message: str, code: int) -> NoReturn:
    """End the command with an error where the user looks."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
