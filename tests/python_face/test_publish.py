"""`publish` of a pipeline in Python: what is in braces is told by the run."""

from __future__ import annotations

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import evaluate
from econda_edsl.python import TraceError, pipeline, shell

look = shell("look", "true", inputs={"n": int}, outputs={"big": int})


def published(place: str) -> str:
    @pipeline(publish=place)
    def look_at(n: int) -> int:
        return look(n).big

    return look_at.edsl()


def test_it_names_inputs_and_the_run():
    plan = compile_source(published("s3://team-bucket/models/{n}/{run}").encode()).plan
    assert plan is not None
    assert plan.settings.publish is not None
    place = evaluate(plan.settings.publish, {"n": 3, "run": "look_at-1f"})
    assert place == "s3://team-bucket/models/3/look_at-1f"


def test_doubled_braces_stay_and_single_ones_are_refused():
    assert 'publish = "results/{{n}}/{run}"' in published("results/{{n}}/{run}")
    with pytest.raises(TraceError, match=r"no value for \{\}"):
        published("results/{}")
