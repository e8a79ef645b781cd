"""What `econda run` keeps of checkpoints: two while a run goes on, none when it has ended."""

from __future__ import annotations

import pytest
from econda_adapters.embedded.runner import Home, run_plan

from econda_cloud.wire.keys import checkpoint_key, checkpoint_slots
from tests.play import plan_of

STEPS = """edsl 1

task count() -> (n: Int):
    checkpoint = every(1h)
    retry = linear(attempts = 4, wait = 1ms, on = [failed])
    run python:
        import os, pathlib
        kept = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "n"
        n = int(kept.read_text()) + 1 if kept.exists() else 1
        kept.write_text(str(n))
        if n < {enough}:
            raise ValueError(n)

pipeline p() -> (n: Int):
    a = count()
    return n = a.n
"""


@pytest.mark.parametrize(("enough", "state"), [(4, "succeeded"), (9, "failed")])
def test_two_are_kept_until_the_run_has_ended(tmp_path, enough, state):
    home, seen, runs = Home(tmp_path), list[set[str]](), list[str]()

    def look(_: object) -> None:
        slots = checkpoint_slots(checkpoint_key("local", runs[0], "p/a"))
        under = list((tmp_path / "blobs").glob("work/*/*/checkpoints/*.tar"))
        assert len(under) <= 2
        seen.append({slot[-5] for slot in slots if home.blobs.exists(slot)})

    ended = run_plan(home, plan_of(STEPS.format(enough=enough)), {}, started=runs.append, progress=look)
    assert ended.outcome is not None
    assert (ended.outcome.state, ended.counts.retried) == (state, 3)
    assert {"0", "1"} in seen
    assert not list((tmp_path / "blobs").glob("work/*/*/checkpoints"))
