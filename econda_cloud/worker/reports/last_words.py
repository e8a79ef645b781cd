"""The last words of an attempt that has failed: the end of its log, as part of what is said of its failure."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from econda_cloud.worker.reports.plain_text import plain, shortened

LINES_MOST = 5
LINE_MOST = 300
"""Characters of a line."""

_READ = 64 * 1024
_PROGRAM_FAILED = "CalledProcessError"
_OWN_WORDS = frozenset({"failed", "timed_out", "out_of_memory"})
"""Failures of which an attempt may have said more than its worker knows."""


def _lines_at_end(log: Path) -> list[str]:
    """Lines at the end of a log that say something, whole, oldest first; none for a log that is empty or not there."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _READ))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in plain(text).split("\n") if line.strip()]


def with_last_words(answer: dict[str, Any], log: str) -> str:
    """The message of a failure, and after it what the attempt wrote last, unless that is what the message says."""
    message = plain(str(answer["message"]))
    lines = _lines_at_end(Path(log)) if log and answer["failure"] in _OWN_WORDS else []
    if not lines:
        return message
    if _words(lines[-1]) in message:
        # An exception has said so itself; but of a program that failed it tells no more than the exit code.
        return message + _of_program(message, lines) if _PROGRAM_FAILED in message else message
    if len(lines) == 1:
        return f"{message}; its last words: {shortened(lines[0].strip(), LINE_MOST)}"
    return f"{message}; its last words:{_listed(lines)}"


def _of_program(message: str, lines: list[str]) -> str:
    """What stands in the log before the exception."""
    own = {line.strip() for line in message.split("\n")}
    while lines and lines[-1].strip() in own:
        lines = lines[:-1]
    return f"\nwritten before that:{_listed(lines)}" if lines else ""


def _listed(lines: list[str]) -> str:
    return "".join(f"\n  {shortened(line, LINE_MOST)}" for line in lines[-LINES_MOST:])


def _words(line: str) -> str:
    """A line without what tools put before their errors."""
    return re.sub(r"^\W+", "", line).removeprefix("error: ") or line.strip()
