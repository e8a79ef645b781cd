"""What a cold function pays: milliseconds to import each, in a fresh interpreter, beside an empty one; best of 5.

Also the memory of a 10,000-wide fan.
"""

from __future__ import annotations

import subprocess
import sys
import time

FUNCTIONS = ("submit", "schedule", "broker", "work", "batch_changed", "job")
FAN = """
import resource, sys, tracemalloc
from bench.shapes import fan, plan_of
from econda_cloud.wire.events import RunStarted
from econda_cloud.run.state import encode_state
from econda_cloud.run.advance import decide
plan = plan_of(fan(10_000))
start = RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1)
tracemalloc.start()
state, entry = decide(plan, None, [start], 1)
held, _ = tracemalloc.get_traced_memory()
del entry
print(held, len(encode_state(state)))
"""


def seconds(code: str) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        best = min(best, time.perf_counter() - begun)
    return best


def main() -> None:
    empty = seconds("pass")
    print(f"{'import':<16}{'ms':>10}{'empty ms':>10}{'ratio':>8}")
    for name in FUNCTIONS:
        taken = seconds(f"import econda_functions.{name}")
        print(f"{name:<16}{(taken - empty) * 1000:>10.0f}{empty * 1000:>10.0f}{taken / empty:>8.1f}")
    answer = subprocess.run([sys.executable, "-c", FAN], check=True, capture_output=True, text=True)
    held, encoded = map(int, answer.stdout.split())
    print(
        f"a fan of 10,000 that has just begun: {held / 2**20:.1f} MiB in memory, {encoded / 1024:.0f} KiB in a snapshot"
    )


if __name__ == "__main__":
    main()
