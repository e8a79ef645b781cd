"""Embedded no-op tasks per second, beside the SQLite floor of two commits per task measured in the same run."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from econda_adapters.embedded.runner import Home, run_plan

from bench.shapes import SHAPES, floor_rate, plan_of


def main() -> None:
    print(f"{'embedded':<16}{'tasks/s':>10}{'floor/s':>10}{'ratio':>8}")
    for name, (tasks, source) in SHAPES.items():
        plan = plan_of(source)
        with tempfile.TemporaryDirectory() as folder:
            floor = floor_rate(Path(folder), tasks)
            start = time.perf_counter()
            state = run_plan(Home(Path(folder)), plan, {})
            rate = tasks / (time.perf_counter() - start)
            assert state.counts.succeeded == tasks, state.outcome
        print(f"{name:<16}{rate:>10.0f}{floor:>10.0f}{rate / floor:>8.3f}")


if __name__ == "__main__":
    main()
