"""The end of a run of this machine: its outputs laid out as files, what came of it said, and how to go on."""

from __future__ import annotations

import contextlib
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

from econda_adapters.embedded.home import Home
from econda_adapters.embedded.interrupts import Interrupted

from econda_cloud.cli.output import CANCELLED, USAGE, print_json, say, stop
from econda_cloud.cli.runs.advice import advise
from econda_cloud.cli.runs.expiring import remove_expired
from econda_cloud.cli.runs.report import report_of
from econda_cloud.cli.runs.stores import Found, embedded
from econda_cloud.cli.runs.summary import print_run
from econda_cloud.publishing.outputs import NotWritten, sizes_of, small_ones, write_outputs
from econda_cloud.record.instances import instances_of
from econda_cloud.run.state import RunState

LAID_OUT_MOST = 1 << 30
"""Bytes of files that are copied into the folder of a run's outputs without being asked for."""


def end_of_run(home: Home, state: RunState, *, json: bool, file: str, output: Path | None) -> None:
    """Write its outputs, print how it ended, and say what to type next if it failed."""
    outputs = state.outcome.outputs if state.outcome else {}
    folder = home.root / "runs" / state.run / "outputs"
    lies = ""
    if outputs:
        small = small_ones(outputs, LAID_OUT_MOST)
        for name in outputs.keys() - small.keys():
            say(
                f"note: {name} has {sizes_of(outputs[name]) / 1e9:,.1f} GB, it lies in no folder: econda get {state.run} {name}"
            )
        try:
            write_outputs(small, home.blobs, folder, state.finished_ms)
            lies = str(folder)
        except NotWritten as error:
            say(f"note: the outputs are not laid out as files: {error}; `econda get {state.run}` tries it again")
    found = Found(embedded(), state.run)
    table = instances_of(found.entries)
    if json:
        print_json(report_of(state, table.values(), "running", found.plan, outputs_folder=lies or None))
    else:
        print_run(state, found.plan)
    if output is not None and outputs:
        try:
            write_outputs(outputs, home.blobs, output, state.finished_ms)
        except NotWritten as error:
            say(f"error: {error}; the run itself has {state.outcome.state if state.outcome else 'ended'}")
            raise SystemExit(USAGE) from None
    remove_expired(home)
    advise(state, table, file=file)


@contextlib.contextmanager
def leaving_it_to_resume(pipeline: str, file: str) -> Iterator[None]:
    """Whoever ends the process is told how to go on with the run."""
    again = f"econda run {shlex.quote(file)} --resume" if file else "econda rerun last"
    try:
        yield
    except Interrupted as left:
        # The terminal may be gone.
        with contextlib.suppress(OSError):
            name = signal.Signals(left.signum).name
            stop(f"{left.run} was interrupted by {name}; what ran was stopped; go on: {again}", 128 + left.signum)
    except KeyboardInterrupt:
        stop(f"a run of {pipeline} was left as it is; go on: {again}", CANCELLED)
