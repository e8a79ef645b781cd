"""Live progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from econda_cloud.cli.runs.summary import summary
from econda_cloud.record.progress import progress_of
from econda_cloud.run.state import RunState

EVERY_S = 2.0
"""Plain progress lines come at most this often, in seconds."""

WIDE = 100
"""Columns from which on there is room for a bar beside the words."""


class Follower:
    """Shows progress on standard error, so that standard output stays the result's. Use as a context manager.

    `here`: the run is this process's own, so that another interrupt would leave it as it is.
    """

    def __init__(self, *, quiet: bool, here: bool = False) -> None:
        self._quiet, self._here, self._cancelling = quiet, here, False
        self._bar = _bar() if sys.stderr.isatty() and not quiet else None
        self._task = self._bar.add_task("starting", total=None, summary="") if self._bar else None
        self._last, self._said, self._run = 0.0, "", ""

    def __enter__(self) -> Follower:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def started(self, run: str) -> None:
        self._run = run
        if not self._quiet and not self._bar:
            sys.stderr.write(f"{run} started\n")

    def progress(self, state: RunState) -> None:
        """Show the state, unless one was shown a moment ago."""
        now = time.monotonic()
        self._say_if_cancelled(state)
        if self._quiet or now - self._last < (0.1 if self._bar else EVERY_S):
            return
        self._last = now
        text, progress = summary(state), progress_of(state)
        if self._bar and self._task is not None:
            self._bar.update(
                self._task, description=self._run, completed=progress.ended, total=progress.known, summary=text
            )
        elif text != self._said:
            sys.stderr.write(f"{self._run}: {progress.ended} of {progress.known} known; {text}\n")
        self._said = text

    def _say_if_cancelled(self, state: RunState) -> None:
        ending = state.decided or state.ending
        if self._cancelling or self._quiet or ending is None or ending.state != "cancelled":
            return
        self._cancelling = True
        more = "; Ctrl-C once more leaves it as it is, for --resume" if self._here else ""
        line = f"{self._run}: cancelling, what runs is stopped{more}"
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{line}\n")


def _bar():
    # Only terminals have one, and it takes its time to load.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    wide = (
        (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) if console.width >= WIDE else (MofNCompleteColumn(),)
    )
    columns = (TextColumn("{task.description}"), *wide, TextColumn("{task.fields[summary]}"))
    return Progress(*columns, console=console, transient=True)
