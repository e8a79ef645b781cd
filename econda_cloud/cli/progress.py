"""Live progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from econda_cloud.money.amounts import format_usd
from econda_cloud.run.state import RunState

EVERY_S = 2.0
"""Plain progress lines come at most this often, in seconds."""


def summary(state: RunState) -> str:
    counts = state.counts
    waiting = sum(len(chunk.open) for chunk in state.chunks.values())
    parts = [f"{counts.succeeded} succeeded", f"{waiting} placed"]
    parts += [f"{n} {name}" for name in ("failed", "retried", "preempted", "skipped") if (n := getattr(counts, name))]
    return f"{', '.join(parts)}; spent {format_usd(state.spent)}"


class Follower:
    """Shows progress on standard error, so that standard output stays the result's."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = Live(console=Console(stderr=True), transient=True) if sys.stderr.isatty() and not quiet else None
        self._last, self._run = 0.0, ""

    def __enter__(self) -> Follower:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def started(self, run: str) -> None:
        self._run = run
        if not self._quiet and not self._live:
            sys.stderr.write(f"{run} started\n")

    def progress(self, state: RunState) -> None:
        now = time.monotonic()
        if self._quiet or now - self._last < (0.1 if self._live else EVERY_S):
            return
        self._last = now
        if self._live:
            self._live.update(Text(f"{self._run}: {summary(state)}"))
        else:
            sys.stderr.write(f"{self._run}: {summary(state)}\n")
