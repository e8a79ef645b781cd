"""`python -m tests.simulation.replay SEED`: play one world again, make it smaller while it still fails, tell its story."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from tests.simulation.line import Line
from tests.simulation.scene import Scene
from tests.simulation.verdict import judged

TOLD = 60


def failure_of(scene: Scene) -> str:
    """What is wrong with this world, or nothing."""
    try:
        judged(scene)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def minimised(scene: Scene) -> Scene:
    """A smaller scene that fails too: fewer kinds of fault, runs and steps of the pipelines."""
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in _smaller(scene):
            if failure_of(smaller):
                scene, shrunk = smaller, True
                break
    return scene


def _smaller(scene: Scene) -> list[Scene]:
    found = [dataclasses.replace(scene, runs=runs) for runs in range(1, scene.runs)]
    found += [dataclasses.replace(scene, faults=scene.faults.without(kind)) for kind in scene.faults.kinds()]
    found += [dataclasses.replace(scene, steps=steps) for steps in range(1, scene.steps)]
    return found


def told(scene: Scene, lines: int = TOLD) -> str:
    """The story of a world that fails, to its last lines."""
    line, wrong = Line(scene), ""
    try:
        line.play()
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    wrong = wrong or failure_of(scene)
    programs = [f"# {run}, parameters {line.params[run]}, natures {program.natures}\n{program.text}"
                for run, program in line.programs.items()]  # fmt: skip
    faults = ", ".join(f"{kind} {getattr(scene.faults, kind):.3f}" for kind in scene.faults.kinds())
    story = list(line.agenda.story)[-lines:]
    return "\n".join([*programs, f"faults: {faults or 'none'}", *story, f"seed {scene.seed}: {wrong or 'all is well'}"])


def command(seed: int) -> str:
    return f"python -m tests.simulation.replay {seed}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--whole", action="store_true", help="do not make the world smaller")
    parser.add_argument("--lines", type=int, default=TOLD, help="lines of the story")
    given = parser.parse_args(arguments)
    scene = Scene.drawn(given.seed)
    failed = bool(failure_of(scene))
    if failed and not given.whole:
        scene = minimised(scene)
    sys.stdout.write(told(scene, given.lines) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
