"""What a stream can show: how wide it is, and whether it has colours. Only terminals have either."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

RED, GREEN, YELLOW, BOLD, DIM = "31", "32", "33", "1", "2"
STATES = {
    "succeeded": GREEN,
    "reused": GREEN,
    "running": YELLOW,
    "failed": RED,
    "timed_out": RED,
    "out_of_memory": RED,
    "bad_output": RED,
    "lost": RED,
    "refused": RED,
    "interrupted": YELLOW,
    "cancelled": YELLOW,
    "preempted": YELLOW,
}
"""Colours of the states of runs and instances."""


def width(stream: TextIO | None = None) -> int | None:
    """Columns of a terminal, of standard output by default; None for what is none: nothing is to be wrapped there."""
    return max(20, shutil.get_terminal_size((80, 24)).columns) if _is_terminal(stream) else None


def coloured(stream: TextIO | None = None) -> bool:
    """Whether a stream is to have colours: a terminal's, unless $NO_COLOR says no or it is a dumb one."""
    return _is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str | None, stream: TextIO | None = None) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text and coloured(stream) else text


def _is_terminal(stream: TextIO | None) -> bool:
    # Python has no standard output where it was closed.
    stream = stream or sys.stdout
    return stream is not None and stream.isatty()
