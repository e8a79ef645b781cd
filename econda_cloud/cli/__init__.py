"""The command `econda`: the one place that puts the system, its adapters and the local cloud together.

Each command is imported when it is typed. What exit codes mean stands in docs/commands.md.
"""

from __future__ import annotations

import sys


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text, and not every terminal can show every letter.
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        from econda_cloud.cli.commands import app

        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
