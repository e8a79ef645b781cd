"""How long a world may last at most: so many turns for each attempt that its instances and its faults explain."""

from __future__ import annotations

from collections.abc import Iterable

from econda_cloud.run.calls import MAX_LOSSES
from econda_cloud.simulate.chance import Faults
from tests.simulation.generate import Program, weighed
from tests.simulation.workers import BEAT_MS

RUN_TURNS = 2_000
"""Of a run with nothing in it: timers, statuses, grants, what handlers and environments take."""

ATTEMPT_TURNS, BEAT_TURNS = 40, 5
"""Of an attempt: its handing over, claim, work, report and what follows; and of each time that it, or its chunk, is heard of."""

OUTAGE_TURNS = 20_000
"""Of a run while services are out: what waits is tried again every five minutes, for hours."""


def most_turns(faults: Faults, programs: Iterable[Program]) -> int:
    """A world that takes more turns than these goes round in a circle."""
    # Each message may come twice, each scheduler's work be done again by another.
    again = (
        1
        + faults.duplicate
        + 2 * faults.drop
        + 10 * (faults.crash + faults.throttle + faults.lost_answer + faults.stall)
    )
    return round(again * sum(_of_run(faults, program) for program in programs))


def _of_run(faults: Faults, program: Program) -> float:
    def weight(task: str) -> float:
        nature, tries = program.natures[task].longest_ms, program.plan.tasks[task].retry.attempts
        beats = nature / BEAT_MS
        # A worker may die at each of its steps; an attempt that is lost costs no retry, up to a bound.
        lives = (1 - faults.lost - faults.vanish - faults.reclaim) * (1 - faults.death) ** (10 + 3 * beats)
        losses = min(MAX_LOSSES, 1 / max(lives, 0.01) - 1)
        return (tries + losses) * (ATTEMPT_TURNS + BEAT_TURNS * beats)

    blocks = [program.plan.body, *program.plan.handlers.values()]
    return RUN_TURNS + OUTAGE_TURNS * (faults.outage > 0) + sum(weighed(block, weight) for block in blocks)
