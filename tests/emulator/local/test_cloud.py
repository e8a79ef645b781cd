"""Starting, finding again and stopping a local cloud; no process is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from econda_local import cloud, detached

pytestmark = pytest.mark.emulator

SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    cloud.down(tmp_path / "home")


def running_job(local: cloud.LocalCloud, file: Path, until: Any) -> int:
    """Start a job that sleeps, and return the id of a process it started itself."""
    batch = boto3.client("batch", endpoint_url=local.batch_endpoint_url, region_name=local.region)
    batch.create_compute_environment(
        computeEnvironmentName="ce",
        type="MANAGED",
        computeResources={"type": "EC2", "maxvCpus": 1, "subnets": ["s"]},
    )
    order = [{"order": 1, "computeEnvironment": "ce"}]
    batch.create_job_queue(jobQueueName="q", priority=1, computeEnvironmentOrder=order)
    container = {
        "image": "process:sh",
        "command": ["sh", "-c", f"trap '' TERM; sleep 600 & echo $! > {file}.new; mv {file}.new {file}; wait; wait"],
        "resourceRequirements": SIZE,
    }
    batch.register_job_definition(jobDefinitionName="d", type="container", containerProperties=container)
    job = batch.submit_job(jobName="j", jobQueue="q", jobDefinition="d")["jobId"]
    until(file.exists, "the job's process has begun")
    # The endpoint says so once it watches the process, a moment after that has begun.
    until(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNING", "the job runs")
    batch.close()
    return int(file.read_text())


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def test_up_twice_is_one_cloud_and_down_ends_all_of_it(home: Path, tmp_path: Path, until: Any) -> None:
    first = cloud.up(home)
    assert cloud.up(home) == first == cloud.status(home)
    child = running_job(first, tmp_path / "pid", until)
    assert cloud.down(home)
    assert not any(detached.alive(pid) for pid in (*first.pids.values(), child))
    assert cloud.status(home) is None
    assert not cloud.down(home)


def test_two_homes_are_two_clouds(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        one, two = cloud.up(home), cloud.up(other)
        assert {one.endpoint_url, one.batch_endpoint_url}.isdisjoint({two.endpoint_url, two.batch_endpoint_url})
        cloud.down(other)
        assert cloud.status(home) == one
    finally:
        cloud.down(other)


def test_a_killed_endpoint_takes_its_jobs_with_it_and_a_stale_file_is_replaced(
    home: Path, tmp_path: Path, until: Any
) -> None:
    first = cloud.up(home)
    child = running_job(first, tmp_path / "pid", until)
    os.kill(first.pids["batch"], signal.SIGKILL)
    until(lambda: not detached.alive(child), "the job's processes are gone")
    assert cloud.status(home) is None
    second = cloud.up(home)
    assert second != first
    assert not detached.alive(first.pids["ministack"])
    assert cloud.status(home) == second


def test_a_process_that_does_not_start_is_told_with_its_log(home: Path) -> None:
    home.mkdir(parents=True)
    log = home / "log"
    started = detached.start(["sh", "-c", "echo because; exit 3"], log=log, environment=os.environ, directory=home)
    with pytest.raises(detached.DidNotStart, match="because"):
        detached.wait_until_it_answers(started, "http://127.0.0.1:9/", 20)
