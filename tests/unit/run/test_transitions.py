"""The one table of what may become of a call; whatever else is tried is a bug and tells its story."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from econda_cloud.run.state import Call, Phase
from econda_cloud.run.transitions import LEGAL, IllegalTransition, move
from econda_cloud.wire.events import ResultsMissing
from tests.play import Play, plan_of

PHASES = get_args(Phase)
PLAN = plan_of("""edsl 1

task t(x: Int) -> (y: Int):
    packages = ["six"]
    cache = inputs
    retry = exponential(attempts = 3, first = 1s)
    run python:
        y = x

pipeline p() -> (y: Int):
    a = t(1)
    b = t(a.y) with cache = none
    return y = b.y
""")


def test_the_table_speaks_of_every_phase():
    assert set(LEGAL) == set(PHASES)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PHASES, PHASES)))
def test_only_what_stands_in_the_table_is_done(before, after):
    call = Call(task="t", args={}, phase=before, attempt=4)
    if after in LEGAL[before]:
        move("p/a", call, after, "it may")
        assert call.phase == after
        return
    with pytest.raises(IllegalTransition, match=f"p/a#4 is {before} and was to be {after}: it may not"):
        move("p/a", call, after, "it may not")
    assert call.phase == before


def test_every_legal_change_happens_in_some_run(monkeypatch):
    """What nobody ever does has no place in the table."""
    from econda_cloud.run import calls, placing

    seen: set[tuple[str, str]] = set()

    def noted(instance, call, to, why):
        seen.add((call.phase, to))
        move(instance, call, to, why)

    monkeypatch.setattr(calls, "move", noted)
    monkeypatch.setattr(placing, "move", noted)
    play = Play(PLAN)
    play.hear(ResultsMissing(items=(("p/a", 1),), reason=""))
    build = play.placed[0][0]
    play.fail(build)
    while not play.placed:
        play.wait()
    play.succeed(build, archive="x.tar")
    play.fail("p/a")
    while not play.placed:
        play.wait()
    play.succeed("p/a")
    play.succeed("p/b")
    assert play.outcome is not None
    again = Play(PLAN, archives={next(iter(PLAN.environments)): "x.tar"})
    again.hear(ResultsMissing(items=(("p/a", 1),), reason=""))
    assert again.placed == [("p/a", 1)]
    assert seen >= {(before, after) for before in LEGAL for after in LEGAL[before]} - {("backing_off", "preparing")}
