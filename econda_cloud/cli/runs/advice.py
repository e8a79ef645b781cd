"""What to type next after a run has failed, was cancelled or was interrupted."""

from __future__ import annotations

import re
import shlex

from econda_cloud.cli.output import as_json, say
from econda_cloud.cli.runs.groups import BAD
from econda_cloud.record.instances import Instance
from econda_cloud.run.state import RunState


def advise(state: RunState, rows: dict[str, Instance], *, file: str = "", team: str = "") -> None:
    """Say on standard error how to see why a run failed and how to go on with it. Nothing for one that succeeded."""
    outcome = state.outcome
    if as_json.get() or (outcome is not None and outcome.state == "succeeded"):
        return
    more = f" --team {team}" if team else ""
    again = f"econda run {shlex.quote(file)} --resume" if file and not team else f"econda rerun {state.run}{more}"
    if outcome is None or outcome.state != "failed":
        say(f"see how far it came: econda show {state.run}{more}; go on: {again}")
        return
    # The error names who has failed first, if that was an instance and not a check between them.
    named = re.search(r"(\S+) \(attempt \d+\)", outcome.error)
    bad = rows.get(named[1]) if named else None
    see = f"show {state.run}"
    if bad is not None and bad.state in BAD:
        see = f"logs {state.run} {shlex.quote(bad.instance)}"
    say(f"see why: econda {see}{more}; go on once that is mended: {again}")
