"""What an attempt's process is given: command, environment, folders, log."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from econda_local.batch import container
from econda_local.batch.model import Job
from econda_local.batch.process import Launch

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Host:
    """Where attempts run. `aws` are the variables that lead an unmodified boto3 to the local cloud; `grace` is
    the time between SIGTERM and SIGKILL in seconds."""

    home: Path
    aws: dict[str, str]
    docker: bool
    grace: float

    def log(self, stream: str) -> Path:
        return self.home / "logs" / f"{stream}.log"

    def directory(self, task: str) -> Path:
        return self.home / "attempts" / task


def variables(job: Job, attempt: int, environment: str) -> dict[str, str]:
    """The variables AWS documents for the environment of a job."""
    out = {
        "AWS_BATCH_JOB_ID": job.id,
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        "AWS_BATCH_JQ_NAME": job.queue,
        "AWS_BATCH_CE_NAME": environment,
    }
    if job.index is not None:
        out["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
        out["AWS_BATCH_JOB_ARRAY_SIZE"] = str(job.size)
    return out


def launch(host: Host, job: Job, attempt: int, environment: str, task: str, stream: str) -> Launch:
    """Put an attempt's launch together; the definition's own variables win over the endpoint's."""
    spec = job.spec
    own = {**host.aws, **dict(spec.environment), **variables(job, attempt, environment)}
    directory, log = host.directory(task), host.log(stream)
    if container.wants_container(spec.image, host.docker):
        command = container.run_command(container_name(task), spec.image, spec.command, own, spec.resources)
        inherited = dict(os.environ)
        kill = container.kill_command(container_name(task))
        return Launch(command, inherited, directory, log, None, spec.timeout, host.grace, kill)
    # `python -m ...` in a command must mean the environment this endpoint runs in, with or without its activation.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    full = {**os.environ, "PATH": path, **own}
    return Launch(spec.command, full, directory, log, spec.resources.memory * MIB, spec.timeout, host.grace)


def container_name(task: str) -> str:
    return f"econda-batch-{task}"
