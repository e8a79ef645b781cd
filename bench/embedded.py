"""Embedded no-op tasks per second, beside the SQLite floor of two commits per task measured in the same run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.shapes import SHAPES, floor_rate, plan_of, run_seconds


def main() -> None:
    print(f"{'embedded':<16}{'tasks/s':>10}{'floor/s':>10}{'ratio':>8}")
    for name, (tasks, source) in SHAPES.items():
        plan = plan_of(source)
        with tempfile.TemporaryDirectory() as folder:
            floor = floor_rate(Path(folder), tasks)
            rate = tasks / run_seconds(Path(folder), plan, tasks)
        print(f"{name:<16}{rate:>10.0f}{floor:>10.0f}{rate / floor:>8.3f}")


if __name__ == "__main__":
    main()
