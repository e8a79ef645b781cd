"""Packages of tasks: a bare upload has them resolved and built by a job of the stack, once."""

from __future__ import annotations

import uuid

import pytest

from econda_cloud.environments.pins import read_lock
from tests.unit.worker.wheels import make_wheel

pytestmark = pytest.mark.emulator


def program(package: str) -> str:
    return (
        f'edsl 1\n\ntask t() -> (y: String):\n    packages = ["{package}==1.*"]\n    run python:\n'
        f"        import {package}\n        y = {package}.VERSION\n\n"
        "pipeline p() -> (y: String):\n    a = t()\n    return y = a.y\n"
    )


@pytest.fixture
def package(wheels):
    name = f"p{uuid.uuid4().hex[:8]}"
    make_wheel(wheels, name, "1.5")
    return name


def builds(user, run: str) -> list[str]:
    return [name for name in user.instances(run) if "/environment/" in name]


def test_packages_of_a_bare_upload_are_built_by_a_job_and_not_again(user, until, package):
    user.upload(program(package))
    first = user.ended()
    assert (first["state"], first["outputs"]) == ("succeeded", {"y": "1.5"})
    (build,) = builds(user, first["run"])
    assert user.instances(first["run"])[build].attempts[-1].pool == "aws.batch.cpu"
    user.upload(program(package), "again.edsl")
    until(lambda: len(user.runs()) == 2, "the second run")
    (again,) = set(user.runs()) - {first["run"]}
    assert user.ended(again)["outputs"] == {"y": "1.5"}
    assert builds(user, again) == []


def test_a_package_that_does_not_exist_fails_the_run_by_name(user):
    name = f"nosuch{uuid.uuid4().hex[:8]}"
    user.upload(program(name))
    status = user.ended()
    assert status["state"] == "failed"
    assert name in status["error"]


def test_a_broken_lock_in_a_bundle_is_refused(user, package):
    with pytest.raises(Exception, match="not JSON"):
        read_lock(b"{")
    key = user.bundle({"pipeline.edsl": program(package), "environments.lock": "{"})
    assert "not JSON" in user.appears(f"{key}.errors.txt")
