"""Results that are kept in the team's bucket: used by whoever uploads the same work again."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.emulator

SOURCE = """edsl 1

task square(x: Int) -> (y: Int, file: File):
    cache = inputs
    run shell:
        echo $((x * x)) | tee "$OUT/y" > "$OUT/file"

pipeline squares(n: Int = 3) -> (all: List[Int]):
    many = foreach x in 1..n up to 9:
        s = square(x)
        gather s.y
    return all = many.done
"""


def test_a_second_upload_runs_only_what_is_new(user):
    user.upload(SOURCE, "first.edsl")
    [first] = [user.the_run()]
    assert user.ended(first)["outputs"] == {"all": [1, 4, 9]}
    user.upload(SOURCE, "second.edsl", **{"param-n": "4"})
    [second] = [
        run for run in user._until(lambda: len(user.runs()) == 2 and user.runs(), "both are there") if run != first
    ]
    status = user.ended(second)
    assert status["outputs"] == {"all": [1, 4, 9, 16]}
    assert (status["counts"]["reused"], status["counts"]["succeeded"]) == (3, 4)
    rows = user.instances(second)
    assert rows["squares/many[0]/s"].attempts[0].message == f"from {first}"
    assert rows["squares/many[3]/s"].attempts[0].not_reused == "it has not run before"
