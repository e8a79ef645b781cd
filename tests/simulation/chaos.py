"""`python -m tests.simulation.chaos SEEDS`: that many worlds on all cores; tells the story of the first that fails."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

from tests.simulation.replay import command, failure_of, minimised, told
from tests.simulation.scene import Scene

STORIES = 3
"""Failing worlds that are made smaller and told; of the others only the seed is."""


def tried(seed: int) -> tuple[int, str]:
    return seed, failure_of(Scene.drawn(seed))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args(arguments)
    began, failed = time.monotonic(), []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as workers:
        for done, (seed, wrong) in enumerate(
            workers.imap_unordered(tried, range(given.first, given.first + given.seeds), chunksize=16), 1
        ):
            if wrong:
                failed.append(seed)
                sys.stdout.write(f"seed {seed}: {wrong[:200]}\n")
            if done % 1_000 == 0:
                sys.stdout.write(
                    f"{done} worlds, {len(failed)} failed, {done / (time.monotonic() - began):.1f} seeds/s\n"
                )
                sys.stdout.flush()
    for seed in failed[:STORIES]:
        sys.stdout.write(f"\n{told(minimised(Scene.drawn(seed)))}\nreplay it: {command(seed)}\n")
    rate = given.seeds / (time.monotonic() - began)
    sys.stdout.write(f"{given.seeds} worlds, {len(failed)} failed, {rate:.1f} seeds/s\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
