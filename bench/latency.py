"""From the end of a task to the start of the one that waits for it, and what an isolated task costs in requests.

Times are of the workers' clocks, in whole milliseconds, so embedded ones are mostly 0 or 1; those of the virtual AWS are
of `bench.virtual_links`.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from econda_adapters.aws.clients import Clients
from econda_adapters.aws.team import Team
from econda_adapters.embedded.runner import Home, run_plan
from econda_infra import apply
from econda_local import cloud

from bench import virtual_links
from bench.shapes import chain, plan_of
from bench.wire import run_source
from econda_cloud.ports.log import Log
from econda_cloud.record.instances import instances_of
from econda_cloud.wire.entries import decode_entry

LINKS = 300
WIRE_LINKS = (100, 1000)


def gaps(log: Log, run: str) -> list[int]:
    """Milliseconds between the end of each link and the start of the next."""
    rows = instances_of(decode_entry(record) for record in log.read(f"run/{run}")).values()
    attempts = sorted((row.attempts[-1] for row in rows), key=lambda each: each.started_ms)
    return [after.started_ms - before.ended_ms for before, after in itertools.pairwise(attempts)]


def embedded() -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        return gaps(home.log, run_plan(home, plan_of(chain(LINKS)), {}).run)


def through_the_wire() -> tuple[list[int], dict[int, float]]:
    """The gaps of the longest chain, and by length billable requests per task."""
    with tempfile.TemporaryDirectory() as folder:
        local = cloud.up(Path(folder))
        try:
            stack = apply.up("latency", home=Path(folder), environment=local.environment())
            team = Team(stack, Clients(local.environment()))
            run_source(team, chain(3), {"n": 3})
            found, requests = list[int](), dict[int, float]()
            for links in WIRE_LINKS:
                local.requests(reset=True)
                run, _ = run_source(team, chain(links), {"n": links})
                requests[links] = sum(row[3] for row in local.requests() if row[0] == "stack") / links
                found = gaps(team.log, run)
            return found, requests
        finally:
            cloud.down(Path(folder))


def main() -> None:
    print(f"{'end to next start':<26}{'median ms':>10}{'p99 ms':>10}")
    _row("embedded", embedded())
    _row("virtual AWS", virtual_links.gaps(LINKS))
    wire, requests = through_the_wire()
    _row("through the wire", wire)
    for links, each in requests.items():
        print(f"billable requests per isolated task, in a chain of {links}: {each:.2f}")


def _row(name: str, found: Sequence[float]) -> None:
    print(f"{name:<26}{statistics.median(found):>10.0f}{statistics.quantiles(found, n=100)[98]:>10.0f}")


if __name__ == "__main__":
    main()
