"""A task that names an image: a job of Batch in that image; functions say why they cannot."""

from __future__ import annotations

import pytest

from tests.emulator.line.test_line_arrays import jobs_of

pytestmark = pytest.mark.emulator

IN_IMAGE = """edsl 1

task inside(x: Int) -> (y: Int):
    image = "registry.example/train:1.4"
    run python:
        y = x + 1

pipeline p() -> (y: Int):
    a = inside(1)
    b = inside(a.y)
    return y = b.y
"""


def test_a_task_with_an_image_is_a_job_of_that_image(user):
    user.upload(IN_IMAGE)
    status = user.ended()
    assert (status["state"], status["outputs"]) == ("succeeded", {"y": 3})
    attempt = user.instances(status["run"])["p/a"].attempts[-1]
    assert attempt.pool == "aws.batch.cpu"
    refused = {each.offer: each.refused for each in attempt.verdicts}
    assert "cannot run the image registry.example/train:1.4" in refused["aws.lambda/1769"]
    batch = user.team.clients("batch")
    jobs = batch.describe_jobs(jobs=[each["jobId"] for each in jobs_of(user, status["run"])])["jobs"]
    assert {job["container"]["image"] for job in jobs} == {"registry.example/train:1.4"}
    (definition,) = {job["jobDefinition"] for job in jobs}
    assert definition.endswith(":1"), "one definition serves both"


def test_a_container_of_its_own_is_refused_with_a_reason_per_pool(user):
    source = IN_IMAGE.replace('    image = "registry.example/train:1.4"\n', "").replace(
        "    run python:\n        y = x + 1\n", '    run container "alpine"\n'
    )
    user.upload(source)
    status = user.ended()
    assert status["state"] == "failed"
    assert "no pool can ever run `inside`" in status["error"]
    assert "cannot execute container" in status["error"]
