"""What an attempt is given, and how its end is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from econda_local.batch import container, specs
from econda_local.batch.endings import attempt_end
from econda_local.batch.launches import Host, launch
from econda_local.batch.model import Job, Resources, Spec
from econda_local.batch.names import Place
from econda_local.batch.process import Cause, Ending

PLACE = Place("us-east-1", "000000000000")


def made(image: str) -> Job:
    spec = Spec(image, ("run", "it"), (("OWN", "1"),), Resources(1500, 256, 1), timeout=60)
    return Job("p:4", "arn", "j", "q", spec, {}, 0, parent="p", index=4, size=9)


def test_a_process_image_is_a_local_process_even_where_docker_answers(tmp_path: Path) -> None:
    host = Host(tmp_path, {"AWS_REGION": "us-east-1"}, docker=True, grace=30)
    given = launch(host, made("process:python"), 2, "ce", "task", "d/default/task")
    assert given.command == ("run", "it")
    assert given.memory == 256 * 1024 * 1024
    assert given.log == tmp_path / "logs/d/default/task.log"
    assert given.environment["PATH"].startswith(str(Path(sys.executable).parent))
    wanted = {
        "OWN": "1",
        "AWS_REGION": "us-east-1",
        "AWS_BATCH_JOB_ID": "p:4",
        "AWS_BATCH_JOB_ATTEMPT": "2",
        "AWS_BATCH_JQ_NAME": "q",
        "AWS_BATCH_CE_NAME": "ce",
        "AWS_BATCH_JOB_ARRAY_INDEX": "4",
        "AWS_BATCH_JOB_ARRAY_SIZE": "9",
    }
    assert wanted.items() <= given.environment.items()


def test_another_image_is_a_container_where_docker_answers(tmp_path: Path) -> None:
    given = launch(Host(tmp_path, {}, docker=True, grace=30), made("python:3"), 1, "ce", "task", "log")
    assert given.command[:4] == ("docker", "run", "--name", "econda-batch-task")
    assert given.command[-3:] == ("python:3", "run", "it")
    assert {"256m", "1536", "OWN=1", "AWS_BATCH_JOB_ATTEMPT=1"} <= set(given.command)
    assert given.memory is None
    assert given.kill_command == ("docker", "kill", "econda-batch-task")


@pytest.mark.parametrize(
    ("image", "docker", "expected"), [("process:x", True, False), ("python:3", False, False), ("python:3", True, True)]
)
def test_which_images_are_containers(image: str, docker: bool, expected: bool) -> None:
    assert container.wants_container(image, docker) is expected


def test_overrides_are_laid_over_the_definition() -> None:
    properties: dict[str, Any] = {
        "image": "i",
        "command": ["a", "Ref::b", "Ref::c"],
        "environment": [{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}],
        "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "64"}],
    }
    overrides = {
        "environment": [{"name": "X", "value": "2"}],
        "resourceRequirements": [{"type": "MEMORY", "value": "128"}],
    }
    merged = specs.effective_container(properties, overrides, {"b": "B"})
    made = specs.spec(merged, {}, {}, 60)
    assert made.command == ("a", "B", "Ref::c")
    assert dict(made.environment) == {"X": "2", "Y": "1"}
    assert made.resources == Resources(250, 128, 0)


@pytest.mark.parametrize(
    ("ending", "succeeded", "code", "status_reason", "reason"),
    [
        (Ending(Cause.EXITED, 0), True, 0, "Essential container in task exited", None),
        (Ending(Cause.EXITED, 139), False, 139, "Essential container in task exited", None),
        (Ending(Cause.TIMED_OUT, 0), False, 0, "Job attempt duration exceeded timeout", None),
        (
            Ending(Cause.NEVER_STARTED, problem="no"),
            False,
            None,
            "Task failed to start",
            "CannotStartContainerError: no",
        ),
    ],
)
def test_endings(ending: Ending, succeeded: bool, code: int | None, status_reason: str, reason: str | None) -> None:
    end = attempt_end(PLACE, ending, "t" * 32, "ce", "log", 1, 2)
    assert (end.succeeded, end.exit_code, end.status_reason, end.reason) == (succeeded, code, status_reason, reason)
