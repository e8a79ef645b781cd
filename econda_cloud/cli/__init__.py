"""The command `econda`: the one place that puts the system, its adapters and the local cloud together.

Exit codes: 0 done, 1 the run failed, 2 wrong usage or parameters, 3 the pipeline does not compile,
4 there is no such run, 130 cancelled.
"""

from __future__ import annotations


def main() -> None:
    from econda_cloud.cli.commands import app

    app()
