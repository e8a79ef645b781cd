"""How commands speak: JSON for programs, tables and plain lines for people, errors on standard error.

Exit codes and what they are called where JSON was asked for: docs/commands.md has them as a table.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from econda_cloud.run.state import RunState

FAILED, USAGE, NOT_COMPILED, NOT_FOUND, INCOMPLETE, FAULT = 1, 2, 3, 4, 5, 70
HUNG_UP, CANCELLED, BROKEN_PIPE, TERMINATED = 129, 130, 141, 143
NO_SUCH_RUN = NOT_FOUND

CODES = {
    FAILED: "failed",
    USAGE: "usage",
    NOT_COMPILED: "not_compiled",
    NOT_FOUND: "not_found",
    INCOMPLETE: "incomplete",
    FAULT: "fault",
    HUNG_UP: "hung_up",
    CANCELLED: "cancelled",
    BROKEN_PIPE: "broken_pipe",
    TERMINATED: "terminated",
}
"""What `error.code` of JSON says for each exit code."""

as_json = ContextVar("as_json", default=False)
"""Whether the command that runs was asked for JSON."""


class Stopped(typer.Exit):
    """Ends the command with a message for whoever typed it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(code)
        self.message = message


def stop(message: str, code: int) -> NoReturn:
    """End the command with an error where the user looks."""
    raise Stopped(message, code)


def exit_like(state: RunState) -> None:
    """End the command as the run ended."""
    outcome = state.outcome.state if state.outcome else "running"
    if outcome != "succeeded":
        raise typer.Exit(CANCELLED if outcome == "cancelled" else FAILED)


def print_json(value: Any) -> None:
    import json

    json.dump(value, sys.stdout, indent=2, sort_keys=False, default=str)
    sys.stdout.write("\n")


def say_error(message: str, code: int) -> None:
    """The message on standard error; where JSON was asked for, `{"error": {"code", "message"}}` on standard output."""
    if as_json.get():
        print_json({"error": {"code": CODES.get(code, "failed"), "message": message.removeprefix("error: ")}})
    else:
        sys.stderr.write(f"{message}\n")


def say(line: str) -> None:
    """A remark beside the result, on standard error."""
    sys.stderr.write(f"{line}\n")
