"""`econda` as a process that can be killed at the worst of times."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from econda_cloud.ports.log import Log
from econda_cloud.wire.entries import decode_entry
from econda_cloud.wire.events import AttemptSucceeded

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]


class Shell:
    """Runs `econda` in a folder with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"

    def environment(self) -> dict[str, str]:
        return {**os.environ, "ECONDA_HOME": str(self.home), "COLUMNS": "200"}

    def start(self, *words: str, **given: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **given,
        )

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        with self.start(*words) as process:
            out, err = process.communicate(timeout=200)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def report(self, *words: str) -> dict[str, Any]:
        done = self.call(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


def until(look: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for what a process is to bring about."""
    while not look():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def kill(process: subprocess.Popen[str]) -> None:
    """With no time for a last word."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def marks(path: Path) -> Counter[str]:
    """How often each line stands in a file that attempts add a line to when they begin."""
    return Counter(path.read_text().split()) if path.exists() else Counter()


def committed(log: Log, run: str) -> Counter[str]:
    """How often the log of a run has a first word of success of each instance and attempt."""
    entries = [decode_entry(record) for record in log.read(f"run/{run}")]
    words = {(e.instance, e.attempt) for entry in entries for e in entry.events if isinstance(e, AttemptSucceeded)}
    return Counter(instance for instance, _ in words)
