"""Scenes: all that decides what happens in a world, drawn from its seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from econda_cloud.simulate.chance import Faults, drawn_faults
from tests.simulation.generate import MOST_STEPS, Program, generated
from tests.simulation.wide import wide

LARGE_EVERY = 98
"""Of so many seeds one is the day of a large team."""


@dataclass(frozen=True)
class Scene:
    """Everything that decides what happens."""

    seed: int
    faults: Faults
    runs: int
    steps: int = MOST_STEPS
    large: bool = False

    @classmethod
    def drawn(cls, seed: int) -> Scene:
        """One in `LARGE_EVERY` is the day of a large team; there a tenth of the faults is plenty."""
        dice, faults = random.Random(f"{seed}/runs"), drawn_faults(seed)
        if seed % LARGE_EVERY == LARGE_EVERY - 1:
            return cls(seed, faults.fewer(10), dice.randint(50, 55), large=True)
        return cls(seed, faults, dice.choice([1, 1, 2, 3]))

    def program(self, number: int) -> Program:
        """That of one of its runs."""
        seed = f"{self.seed}/{number}"
        return wide(seed) if self.large else generated(seed, self.steps)
