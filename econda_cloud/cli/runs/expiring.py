"""Runs of this machine go by themselves once they are very old, so that its folder does not grow for ever."""

from __future__ import annotations

import os
import sqlite3

from econda_adapters.clock import now_ms
from econda_adapters.embedded.home import Home

from econda_cloud.cli.output import say
from econda_cloud.cli.runs.times import ago_ms

KEEP, KEPT_DEFAULT = "ECONDA_KEEP", "400d"
"""How long runs are kept, `never` to remove none; by default as long as those of stacks."""

_MARK = "expired"
_EVERY_S = 86_400


def remove_expired(home: Home) -> None:
    """Remove runs that are older than they are kept, with what only they needed; looked at once a day at most."""
    kept = os.environ.get(KEEP) or KEPT_DEFAULT
    if kept == "never":
        return
    try:
        before = now_ms() - ago_ms(kept)
    except ValueError as error:
        say(f"note: {KEEP}: {error}, or `never`; nothing is removed")
        return
    try:
        oldest = home.runs.oldest_ms()
        if oldest is not None and oldest < before and _due(home):
            _remove(home, before, kept)
    except (OSError, sqlite3.Error) as error:
        say(f"note: old runs are not removed: {error}")


def _due(home: Home) -> bool:
    """Whether nobody has looked for a day."""
    mark = home.root / _MARK
    if mark.exists() and now_ms() - mark.stat().st_mtime * 1000 < _EVERY_S * 1000:
        return False
    mark.touch()
    return True


def _remove(home: Home, before: int, kept: str) -> None:
    from econda_adapters.embedded.holding import RunBusy
    from econda_adapters.embedded.removing import remove_older

    try:
        removed = remove_older(home, before)
    except RunBusy:
        return
    say(f"note: {len(removed.runs)} runs older than {kept} were removed; {KEEP}=never keeps them")
