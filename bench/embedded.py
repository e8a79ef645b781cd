"""Embedded no-op tasks per second, beside the SQLite floor of two commits per task measured in the same run."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

from econda_adapters.embedded.runner import Home, run_plan
from econda_edsl.compile import compile_source
from econda_edsl.parameters import bind_parameters

TASK = """edsl 1

task noop(x: Int) -> (y: Int):
    run python:
        y = x + 1

"""

SHAPES = {
    "fan-out 1000": (
        1000,
        "pipeline p() -> (n: Int):\n    f = foreach i in 1..1000:\n        a = noop(i)\n        gather a.y\n"
        "    return n = len(f.done)\n",
    ),
    "chain 300": (
        300,
        "pipeline p() -> (n: Int):\n    repeat up to 300:\n        carry n: Int = 0\n        a = noop(n)\n"
        "        next n = a.y\n    until n >= 299\n    return n = n\n",
    ),
    "layered 500": (
        500,
        "pipeline p() -> (n: Int):\n    repeat up to 10:\n        carry n: Int = 0\n"
        "        f = foreach i in 1..50:\n            a = noop(i + n)\n            gather a.y\n"
        "        next n = n + len(f.done)\n    until n >= 450\n    return n = n\n",
    ),
}


def floor_rate(folder: Path, tasks: int) -> float:
    """Tasks per second if a task were only two commits to SQLite, with the settings of the embedded log."""
    db = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    db.execute("create table log (seq integer primary key, record blob)")
    start = time.perf_counter()
    for _ in range(2 * tasks):
        db.execute("insert into log (record) values (?)", (b"x" * 200,))
    rate = tasks / (time.perf_counter() - start)
    db.close()
    return rate


def main() -> None:
    print(f"{'shape':<14}{'tasks/s':>10}{'floor/s':>10}{'ratio':>8}")
    for name, (tasks, pipeline) in SHAPES.items():
        compiled = compile_source(TASK + pipeline)
        assert compiled.plan is not None, compiled.render()
        with tempfile.TemporaryDirectory() as folder:
            floor = floor_rate(Path(folder), tasks)
            params, _ = bind_parameters(compiled.plan, {})
            start = time.perf_counter()
            state = run_plan(Home(Path(folder)), compiled.plan, params)
            rate = tasks / (time.perf_counter() - start)
            assert state.counts.succeeded == tasks, state.outcome
        print(f"{name:<14}{rate:>10.0f}{floor:>10.0f}{rate / floor:>8.3f}")


if __name__ == "__main__":
    main()
