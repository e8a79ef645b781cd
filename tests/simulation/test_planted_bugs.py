"""The simulation is worth something only if it finds bugs: each of these is planted and must be seen.

The seeds stand in docs/simulation.md, as `python -m tests.simulation.planted` found them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.planting import planted
from tests.simulation.replay import failure_of
from tests.simulation.scene import Scene

PAGE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
SEEDS = {name: int(seed) for name, seed in re.findall(r"^\| ([^|]+?) \| (\d+) \|", PAGE, re.MULTILINE)}


def test_every_bug_of_the_list_is_told_and_no_other() -> None:
    assert set(SEEDS) == {bug.name for bug in BUGS}
    assert len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug) -> None:
    scene = Scene.drawn(SEEDS[bug.name])
    assert failure_of(scene) == "", "something is wrong without it"
    with planted(bug):
        assert failure_of(scene) != "", (
            "not found any more; `python -m tests.simulation.planted` looks for another seed"
        )
    assert failure_of(scene) == "", "it is still there"
