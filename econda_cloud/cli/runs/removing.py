"""`econda rm` and `econda gc`: runs of this machine are removed, and what only they needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from econda_cloud.cli.options import Json, RunNames
from econda_cloud.cli.output import FAILED, USAGE, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.places import embedded_folder
from econda_cloud.cli.runs.stores import embedded, embedded_home
from econda_cloud.cli.runs.times import ago_ms

if TYPE_CHECKING:
    from econda_adapters.embedded.removing import Removed

DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would be removed")]


def rm(names: RunNames, dry_run: DryRun = False, json: Json = False) -> None:
    """Remove runs of this machine with their logs and outputs, for good. Example: econda rm sweep-05a54f65"""
    from econda_adapters.embedded.holding import RunBusy
    from econda_adapters.embedded.removing import remove_runs

    runs = [find_run(name, None, [embedded()]).run for name in names]
    try:
        removed = remove_runs(embedded_home(), runs, really=not dry_run)
    except RunBusy as busy:
        stop(f"error: nothing was removed: {busy}", FAILED)
    _tell(removed, dry_run=dry_run, json=json)


def gc(
    older_than: Annotated[str, typer.Option("--older-than", help="how long ago a run began: 30d, 12h")] = "30d",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove old runs of this machine, and files that no run needs any more. Example: econda gc --older-than 7d --dry-run"""
    from econda_adapters.clock import now_ms
    from econda_adapters.embedded.holding import RunBusy
    from econda_adapters.embedded.removing import remove_older

    try:
        before = now_ms() - ago_ms(older_than)
    except ValueError as error:
        stop(f"error: {error}", USAGE)
    try:
        removed = remove_older(embedded_home(), before, really=not dry_run)
    except RunBusy as busy:
        stop(f"error: nothing was removed: {busy}; try again once none does", FAILED)
    _tell(removed, dry_run=dry_run, json=json)


def _tell(removed: Removed, *, dry_run: bool, json: bool) -> None:
    if json:
        print_json({"runs": list(removed.runs), "files": removed.files, "bytes": removed.bytes, "removed": not dry_run})
        return
    for run in removed.runs:
        print(run)
    number = len(removed.runs)
    what = f"{number} run{'' if number == 1 else 's'}, {removed.files:,} files, {removed.bytes / 1e6:,.1f} MB"
    print(f"{'would remove' if dry_run else 'removed'} {what} below {embedded_folder()}")
