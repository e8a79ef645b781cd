"""The command `econda`: the one place that puts the system, its adapters and the local cloud together.

Exit codes: 0 done, 1 the run failed, 2 wrong usage or parameters, 3 the pipeline does not compile,
4 there is no such run, 130 cancelled.
"""

from __future__ import annotations

import sqlite3
import sys


def main() -> None:
    from econda_cloud.cli.commands import app
    from econda_cloud.cli.output import FAILED

    try:
        app()
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        sys.stderr.write(f"error: {message}\n")
        raise SystemExit(FAILED) from None


def _message(error: Exception) -> str | None:
    """What to tell of an error that a cloud or the disk caused; None for our own mistakes, which need a traceback."""
    from econda_cloud.cli.runs.stores import home_folder

    if type(error).__module__.startswith("botocore"):
        if type(error).__name__ in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError"):
            return f"{error}; if that is the local cloud, `econda local up` and `econda up` start it again"
        return f"AWS says: {error}"
    if isinstance(error, sqlite3.OperationalError):
        # What was said of the run before is in its log.
        return (
            f"the log of runs under {home_folder()}: {error}; once that is mended, `econda run FILE --resume` goes on"
        )
    return str(error) if isinstance(error, OSError) else None
