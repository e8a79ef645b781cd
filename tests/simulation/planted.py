"""`python -m tests.simulation.planted [--most SEEDS]`: plants one bug after another and tells the seed that finds it."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from functools import partial

from tests.simulation.bugs import BUGS
from tests.simulation.planting import planted
from tests.simulation.replay import failure_of
from tests.simulation.scene import Scene

MOST = 1_200


def finder(number: int, most: int = MOST) -> tuple[int, int | None, str]:
    """The bug's number, the first seed whose world shows it, and what is seen there."""
    with planted(BUGS[number]):
        for seed in range(most):
            if wrong := failure_of(Scene.drawn(seed)):
                return number, seed, wrong
    return number, None, ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=MOST, help="seeds tried per bug")
    given = parser.parse_args(arguments)
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as workers:
        missed = 0
        sys.stdout.write("| planted | seed | what is seen |\n|---|---|---|\n")
        for number, seed, wrong in workers.imap(partial(finder, most=given.most), range(len(BUGS))):
            missed += seed is None
            seen = wrong.partition("\n")[0].replace("|", "/")[:110]
            sys.stdout.write(f"| {BUGS[number].name} | {'none' if seed is None else seed} | {seen} |\n")
            sys.stdout.flush()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
