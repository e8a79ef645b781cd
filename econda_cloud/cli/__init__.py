"""The command `econda`: the one place that puts the system, its adapters and the local cloud together.

Each command is imported when it is typed. What exit codes mean stands in docs/commands.md.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _open(number, name)
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text, and not every terminal can show every letter.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        from econda_cloud.cli.commands import app

        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _open(number: int, name: str) -> None:
    """A stream that was closed before the command began leads nowhere, for it and for all that it starts."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)
    setattr(sys, name, open(number, "r" if number == 0 else "w"))  # noqa: SIM115
