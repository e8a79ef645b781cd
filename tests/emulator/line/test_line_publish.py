"""`publish` on a stack: a function copies the outputs, the status says where to, and a failure loses nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.emulator

FIT = """edsl 1

task fit(rate: Float) -> (model: File, tree: Dir, note: String):
    run python:
        import os
        open("m.onnx", "wb").write(b"weights" * 100_000)
        os.makedirs("t/below")
        open("t/below/x.txt", "w").write("x")
        model, tree, note = "m.onnx", "t", "fine"

pipeline main(rate: Float = 0.5) -> (model: File, tree: Dir, note: String):
    fitted = fit(rate)
    with:
        publish = "PLACE"
    return model = fitted.model, tree = fitted.tree, note = fitted.note
"""


def published(user: Any, place: str) -> dict[str, Any]:
    """The status once it says what became of the outputs."""
    user.upload(FIT.replace("PLACE", place))
    run = user.the_run()

    def look() -> dict[str, Any] | None:
        try:
            status = user.status(run)
        except KeyError:
            return None
        return status if status.get("published", {}).get("state") in ("published", "failed") else None

    return user._until(look, f"{run} is published")


def test_a_folder_lies_in_the_stacks_bucket_below_its_namespace(user):
    status = published(user, "results/{pipeline}/{run}")
    bucket = user.team.stack.bucket
    to = f"published/{user.namespace}/results/main/{status['run']}"
    assert status["published"]["to"] == f"s3://{bucket}/{to}"
    assert status["published"]["files"]["model"] == f"s3://{bucket}/{to}/model.onnx"
    assert user.team.blobs.get(f"{to}/model.onnx") == b"weights" * 100_000
    assert user.text(f"{to}/tree/below/x.txt") == "x"
    assert user.text(f"{to}/note.txt") == "fine\n"
    assert status["state"] == "succeeded"


def test_another_bucket_that_the_stack_was_told_of(user, published_bucket):
    status = published(user, f"s3://{published_bucket}/models/{{run}}")
    assert status["published"]["error"] == ""
    s3 = user.team.clients("s3")
    got = s3.get_object(Bucket=published_bucket, Key=f"models/{status['run']}/model.onnx")["Body"].read()
    assert got == b"weights" * 100_000


@pytest.mark.parametrize(
    ("place", "why"), [("s3://never-told/{run}", "may not publish to"), ("s3://told-but-gone/{run}", "NoSuchBucket")]
)
def test_a_failure_is_said_and_the_outputs_stay(user, place, why):
    status = published(user, place)
    assert status["state"] == "succeeded"
    assert status["published"]["state"] == "failed"
    assert why in status["published"]["error"]
    prefix = f"runs/{user.namespace}/{status['run']}"
    assert json.loads(user.text(f"{prefix}/outputs.json"))["note"] == "fine"


def test_a_folder_of_a_machine_is_refused_before_the_run(user):
    key = user.upload(FIT.replace("PLACE", "/results/{run}"))
    assert "names a folder of a machine, /results/" in user.appears(f"{key}.errors.txt")
