"""Recorded workflows, played at a thousandth of their time: how far a run is from the least time there can be.

The recordings lie in $ECONDA_DATA/wfinstances (default: ../shared/data). Each task sleeps as long as it took, so the
machine is taken for one with 64 cores and 512 GiB. No schedule can be shorter than the longest chain of tasks, nor than all reserved
cores and memory together take; what a run takes beyond is ours: starting, scheduling, logs, and a packing that is not
the best.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

from econda_adapters.embedded.pool import machine_pool, own_hosts
from econda_edsl.evaluate import evaluate
from econda_edsl.importing.recordings.wfformat import import_wfformat
from econda_edsl.plan import Call, Plan
from econda_edsl.writing.source import source_text
from msgspec.structs import replace

from bench.shapes import plan_of, run_seconds
from econda_cloud.wire.pools import Pool

SCALE = 1 / 1000
CORES, GIB = 64, 1024**3


def taken_for() -> Pool:
    """This machine with as many tasks at once as it has cores, but none too large for it."""
    own = machine_pool()
    [offer] = own.offers
    node = replace(offer.node, cpu_milli=CORES * 1000, memory=512 * GIB)
    return replace(own, offers=(replace(offer, node=node),), cpu_milli=CORES * 1000, memory=512 * GIB)


def least_seconds(plan: Plan, pool: Pool, scale: float) -> float:
    """The longest chain, or all the work spread evenly over slots, cores and memory, whichever is more."""
    ends: dict[str, float] = {}
    busy = cores = memory = 0.0
    for node in _ordered(plan):
        seconds = evaluate(node.args["seconds"], {"scale": scale})
        needs = plan.tasks[node.task].needs
        own = node.overrides.needs if node.overrides else {}
        ends[node.id] = seconds + max((ends[parent] for parent in node.waits), default=0.0)
        busy += seconds
        cores += seconds * evaluate(own.get("cpu", needs.cpu), {"attempt": 1})
        memory += seconds * evaluate(own.get("memory", needs.memory), {"attempt": 1})
    spread = max(busy / pool.slots, cores * 1000 / pool.cpu_milli, memory / pool.memory)
    return max(max(ends.values()), spread)


def _ordered(plan: Plan) -> Iterable[Call]:
    nodes = {node.id: node for node in plan.body if isinstance(node, Call)}
    return [nodes[name] for name in TopologicalSorter({n: set(nodes[n].waits) for n in nodes}).static_order()]


def main() -> None:
    folder = Path(os.environ.get("ECONDA_DATA") or Path(__file__).parents[2] / "shared" / "data") / "wfinstances"
    files = sorted(path for path in folder.glob("*.json") if "schema" not in path.name)
    if not files:
        sys.exit(f"no recordings in {folder}; point ECONDA_DATA at a folder with wfinstances/")
    pool = taken_for()
    print(f"{'recording':<42}{'tasks':>6}{'least s':>10}{'run s':>10}{'beyond':>9}{'ms/task':>9}")
    for path in files:
        text = source_text(import_wfformat(path.read_bytes(), path.name, scale=SCALE).program)
        # As `econda run` has it: the first processes come up while the file is compiled.
        with own_hosts(prepared=True) as hosts, tempfile.TemporaryDirectory() as home:
            plan = plan_of(text)
            took = run_seconds(Path(home), plan, len(plan.body), {"scale": SCALE}, pool, hosts)
        least = least_seconds(plan, pool, SCALE)
        beyond = (took - least) / len(plan.body) * 1000
        print(f"{path.stem:<42}{len(plan.body):>6}{least:>10.2f}{took:>10.2f}{took / least - 1:>9.1%}{beyond:>9.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
