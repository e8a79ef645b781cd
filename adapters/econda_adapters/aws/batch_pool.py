"""The pools aws.batch.*: chunks as jobs of AWS Batch, several attempts as an array."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from econda_adapters.aws.assignment import assign
from econda_adapters.aws.job_definitions import Definitions
from econda_adapters.aws.stack import QueueTarget
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import CancelAttempts, Dispatch

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

MIB = 1024**2
WORKER_MEMORY_MIB = 256
"""Given to the container on top of the attempt's memory, so that the attempt meets its own limit first."""

SHORTEST_TIMEOUT_S = 60
TIMEOUT_MARGIN_S = 120
"""The worker ends an attempt at its time-out and reports; Batch ends a worker that hangs this much later."""

CHUNK_KEY = "ECONDA_CHUNK_KEY"
CHUNK = "ECONDA_CHUNK"
RUN = "ECONDA_CHUNK_RUN"


class BatchPool:
    """Raises botocore's `ClientError` for a job that Batch does not take."""

    def __init__(self, clients: Clients, blobs: BlobStore) -> None:
        self._clients, self._blobs = clients, blobs
        self._definitions = Definitions(clients)

    def submit_job(self, command: Dispatch, chunk: Chunk, target: QueueTarget) -> str:
        """Hand a chunk over; the job's id."""
        assignment = assign(chunk, self._blobs, inline=False)
        variables = {CHUNK_KEY: assignment.key, CHUNK: chunk.id, RUN: chunk.run}
        overrides: dict[str, Any] = {
            "environment": [{"name": name, "value": value} for name, value in variables.items()],
            "resourceRequirements": _requirements(command),
        }
        request: dict[str, Any] = {
            "jobName": re.sub(r"[^A-Za-z0-9_-]", "-", chunk.id)[:128],
            "jobQueue": target.queue,
            "jobDefinition": self._definitions.of(target.definition, chunk.task.image),
            "containerOverrides": overrides,
            "retryStrategy": {"attempts": 1},
            "tags": {"econda:run": chunk.run, "econda:namespace": chunk.namespace},
        }
        if assignment.size > 1:
            request["arrayProperties"] = {"size": assignment.size}
        if chunk.task.timeout_ms is not None:
            seconds = -(-chunk.task.timeout_ms // 1000) + TIMEOUT_MARGIN_S
            request["timeout"] = {"attemptDurationSeconds": max(SHORTEST_TIMEOUT_S, seconds)}
        answer = self._clients("batch").submit_job(**request)
        return answer["jobId"]

    def cancel(self, command: CancelAttempts) -> None:
        """Terminate the job, or those members of an array that run these attempts. Ended jobs are left alone."""
        if not command.handle:
            return
        jobs = [command.handle] if command.whole else [f"{command.handle}:{member}" for member in command.members]
        for job in jobs:
            self._clients("batch").terminate_job(jobId=job, reason="cancelled by econda")


def _requirements(command: Dispatch) -> list[dict[str, str]]:
    needed = {
        "VCPU": str(max(1, -(-command.cpu_milli // 1000))),
        "MEMORY": str(-(-command.memory // MIB) + WORKER_MEMORY_MIB),
    }
    if command.gpu:
        needed["GPU"] = str(command.gpu)
    return [{"type": kind, "value": value} for kind, value in needed.items()]
