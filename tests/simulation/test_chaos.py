"""Some worlds; `make chaos` plays thousands, and CI five hundred."""

from __future__ import annotations

import subprocess
import sys

import pytest

from econda_cloud.simulate.chance import Faults
from tests.simulation.line import Line
from tests.simulation.replay import command, failure_of, main, minimised, told
from tests.simulation.scene import Scene

WORLDS, AT_ONCE = 100, 20


@pytest.mark.parametrize("first", range(0, WORLDS, AT_ONCE))
def test_worlds(first):
    for seed in range(first, first + AT_ONCE):
        scene = Scene.drawn(seed)
        if wrong := failure_of(scene):
            pytest.fail(f"{wrong}\n{told(minimised(scene))}\nreplay it: {command(seed)}")


def test_a_world_without_faults_is_left_in_peace():
    for seed in range(20):
        assert failure_of(Scene(seed, Faults(), runs=2)) == ""


def test_a_seed_is_a_world_whatever_order_sets_have():
    """The same story in processes that hash texts differently."""
    program = (
        "import sys; from tests.simulation.line import Line\n"
        "from tests.simulation.scene import Scene\n"
        "line = Line(Scene.drawn(9)).play()\nsys.stdout.write('\\n'.join(line.agenda.story))"
    )
    stories = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": salt})
        for salt in ("1", "2", "3")
    ]
    assert len(stories[0].stdout) > 1_000
    assert len({story.stdout for story in stories}) == 1


def test_a_failing_world_is_made_smaller_and_told(monkeypatch, capsys):
    def no_deal(self: Line) -> Line:
        if self.scene.faults.crash and self.scene.steps > 2:
            raise AssertionError("planted")
        return self

    monkeypatch.setattr(Line, "play", no_deal)
    monkeypatch.setattr("tests.simulation.verdict._ended_well", lambda *_: None)
    monkeypatch.setattr("tests.simulation.verdict._books", lambda *_: None)
    seed = next(seed for seed in range(100) if Scene.drawn(seed).faults.crash and Scene.drawn(seed).runs > 1)
    small = minimised(Scene.drawn(seed))
    assert (small.faults.kinds(), small.runs, small.steps) == (["crash"], 1, 3)
    assert main([str(seed)]) == 1
    assert "AssertionError: planted" in capsys.readouterr().out
