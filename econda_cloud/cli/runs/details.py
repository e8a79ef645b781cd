"""One instance in detail: its attempts, oldest first, with what became of each."""

from __future__ import annotations

import shlex

from econda_cloud.cli.runs.groups import shown_state
from econda_cloud.cli.runs.stores import Found
from econda_cloud.cli.runs.summary import indented
from econda_cloud.cli.runs.times import duration, moment
from econda_cloud.cli.terminal import STATES, paint
from econda_cloud.money.amounts import format_usd
from econda_cloud.record.instances import Instance


def print_attempts(found: Found, row: Instance, at_work: frozenset[str]) -> None:
    """State, place, time and price of each attempt, its message, and how to see more."""
    print(f"{row.instance} of {found.run}: {_painted(shown_state(row, at_work))}")
    for attempt in row.attempts:
        last = attempt is row.attempts[-1]
        state = shown_state(row, at_work) if last else attempt.state
        facts = [_painted(state)]
        if attempt.offer or attempt.pool:
            facts.append(f"on {attempt.offer or attempt.pool}")
        if attempt.ended_ms:
            facts += [f"began {moment(attempt.started_ms)}", f"took {duration(attempt.ended_ms - attempt.started_ms)}"]
        if attempt.cost is not None:
            facts.append(format_usd(attempt.cost))
        print(f"  attempt {attempt.attempt}: {', '.join(facts)}")
        if attempt.message:
            print(indented(attempt.message, 4))
    name = shlex.quote(row.instance)
    print(f"  see what it wrote: econda logs {found.run} {name}; run it by hand: econda debug {found.run} {name}")


def _painted(state: str) -> str:
    return paint(state, STATES.get(state))
