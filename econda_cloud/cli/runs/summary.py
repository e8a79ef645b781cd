"""How a run has ended, or how far it is, in a few lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from econda_cloud.cli.terminal import STATES, paint, width
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.progress import progress_of
from econda_cloud.run.state import RunState
from econda_cloud.worker.reports.plain_text import plain

if TYPE_CHECKING:
    from econda_edsl.plan import Plan

VALUE_MOST = 2_000
"""Characters of an output that are shown; `econda get` brings all."""


def summary(state: RunState) -> str:
    """Counts per state and pool, and the money so far."""
    counts = state.counts
    parts = [f"{counts.succeeded} succeeded"]
    parts += [f"{number} on {pool}" for pool, number in sorted(progress_of(state).placed.items()) if number]
    parts += [
        f"{n} {name}"
        for name in ("reused", "failed", "retried", "preempted", "skipped")
        if (n := getattr(counts, name))
    ]
    return f"{', '.join(parts)}; spent {format_usd(state.spent)}"


def print_run(state: RunState, plan: Plan | None, unfinished: str = "running") -> None:
    """State, counts, errors and outputs, with the units that the plan tells."""
    print_head(state, unfinished)
    print_outputs(state, plan)
    print_published(state)


def print_head(state: RunState, unfinished: str, *, whole: bool = True) -> None:
    """`whole`: all lines of the error, not only the first."""
    outcome = state.outcome
    said = outcome.state if outcome else unfinished
    line = indented(f"{state.run}: {said}; {summary(state)}", 0)
    print(line.replace(said, paint(said, STATES.get(said)), 1) if said not in state.run else line)
    if outcome and outcome.error:
        print(indented(outcome.error if whole else outcome.error.partition("\n")[0], 2))


def print_outputs(state: RunState, plan: Plan | None) -> None:
    outputs = state.outcome.outputs if state.outcome else {}
    if not outputs:
        return
    from econda_edsl.parameters.texts import output_units

    units = output_units(plan, outputs) if plan is not None else {}
    for name, value in outputs.items():
        print(f"  {name} = {_amounts(value, units[name]) if name in units else _shown(value)}")


def _amounts(value: Any, about: dict[str, Any]) -> str:
    """A quantity as it is written in a program, without quotes; what has some in it as JSON."""
    from econda_edsl.evaluate.text import show

    if isinstance(value, float):
        # Without the dust of floating point: what is exact stands in JSON.
        return show(value, "Percent")
    written = about["written"]
    return written if isinstance(written, str) else _shown(written)


def published_of(state: RunState, *, left: bool) -> dict[str, Any] | None:
    """What became of the outputs of a run that publishes them. left: whoever carried it on is gone."""
    if not state.publish_to and state.published is None:
        return None
    from econda_cloud.schedule.status import published

    about = published(state)
    if about is None or about["state"] != "publishing" or not left:
        return about
    return {**about, "state": "failed", "error": "econda was ended before it had copied all of them"}


def print_published(state: RunState, *, left: bool = False) -> None:
    """Where the outputs were copied, or why they were not; nothing for a run that publishes none."""
    about = published_of(state, left=left)
    if about is None:
        return
    if about["state"] == "failed":
        to = f" to {about['to']}" if about["to"] else ""
        print(indented(f"not published{to}: {about['error']}; the outputs are kept: econda get {state.run}", 2))
    else:
        print(f"  {'published to' if about['state'] == 'published' else 'being published to'} {about['to']}")


def indented(text: str, by: int, stream: TextIO | None = None) -> str:
    """Lines further in; on terminals, broken between words where they would be too long."""
    most, pad = width(stream), " " * by
    lines = [pad + line for line in plain(text).split("\n")]
    if most is None or all(len(line) <= most for line in lines):
        return "\n".join(lines)
    return "\n".join(_broken(line, most, pad) for line in lines)


def _broken(line: str, most: int, pad: str) -> str:
    from textwrap import fill

    own = line[: len(line) - len(line.lstrip())]
    return fill(line, max(most, len(pad) + 20), subsequent_indent=f"{own}  ", break_long_words=False,
                break_on_hyphens=False, drop_whitespace=False, replace_whitespace=False).replace(" \n", "\n")  # fmt: skip


def _shown(value: Any) -> str:
    """An output in a line; a file by its name and size."""
    if isinstance(value, dict) and "$artifact" in value:
        about = value["$artifact"]
        return f"{about.get('kind', 'File')} {about.get('name', '')}, {about['size']:,} bytes"
    text = json.dumps(value)
    return text if len(text) <= VALUE_MOST else f"{text[:VALUE_MOST]} … {len(text):,} characters in all"
