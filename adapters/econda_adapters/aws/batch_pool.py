"""The pools aws.batch.*: chunks as jobs of AWS Batch, several attempts as an array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from econda_adapters.aws.job_definitions import Definitions
from econda_adapters.aws.stack import QueueTarget
from econda_adapters.clock import now_ms
from econda_cloud.gateway.assigning import Assigner
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.wire.assignment import encode_assignment
from econda_cloud.wire.chunk import Chunk, decode_chunk
from econda_cloud.wire.commands import CancelAttempts, Dispatch
from econda_cloud.wire.events import ChunkDispatched
from econda_cloud.wire.keys import chunk_key

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

MIB = 1024**2
WORKER_MEMORY_MIB = 256
"""Given to the container on top of the attempt's memory, so that the attempt meets its own limit first."""

SHORTEST_TIMEOUT_S = 60
TIMEOUT_MARGIN_S = 120
"""The worker ends an attempt at its time-out and reports; Batch ends a worker that hangs this much later."""

ASSIGNMENT = "ECONDA_ASSIGNMENT"
"""The variable that holds a job's assignment; those below are for whoever is told what became of the job."""

WAITS_MS = 7 * 24 * 3_600_000
"""How long a job may wait for its instance with its token still good."""

CHUNK_KEY = "ECONDA_CHUNK_KEY"
CHUNK = "ECONDA_CHUNK"
RUN = "ECONDA_CHUNK_RUN"


class BatchPool:
    """Raises botocore's `ClientError` for a job that Batch does not take."""

    def __init__(self, clients: Clients, blobs: BlobStore, assigner: Assigner) -> None:
        self._clients, self._blobs, self._assigner = clients, blobs, assigner
        self._definitions = Definitions(clients)

    def submit(self, work: Sequence[tuple[Dispatch, Chunk, QueueTarget]]) -> list[ChunkDispatched]:
        return [self._submit(*each) for each in work]

    def _submit(self, command: Dispatch, chunk: Chunk, target: QueueTarget) -> ChunkDispatched:
        assignment = self._assigner.assign(chunk, now_ms(), inline=False, array=True, lasts_ms=WAITS_MS)
        variables = {
            ASSIGNMENT: encode_assignment(assignment).decode(),
            CHUNK_KEY: chunk_key(chunk.namespace, chunk.run, chunk.id),
            CHUNK: chunk.id,
            RUN: chunk.run,
        }
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
        return ChunkDispatched(chunk=chunk.id, handle=answer["jobId"])

    def cancel(self, namespace: str, run: str, command: CancelAttempts) -> None:
        """Terminate the job, or those members of an array that run these attempts. Ended jobs are left alone."""
        for job in self._jobs(namespace, run, command):
            self._clients("batch").terminate_job(jobId=job, reason="cancelled by econda")

    def _jobs(self, namespace: str, run: str, command: CancelAttempts) -> list[str]:
        if not command.handle:
            return []
        items = decode_chunk(self._blobs.get(chunk_key(namespace, run, command.chunk))).items
        unwanted = set(command.items)
        members = [n for n, item in enumerate(items) if (item.instance, item.attempt) in unwanted]
        if len(members) == len(items):
            return [command.handle]
        return [f"{command.handle}:{member}" for member in members]


def _requirements(command: Dispatch) -> list[dict[str, str]]:
    needed = {
        "VCPU": str(max(1, -(-command.cpu_milli // 1000))),
        "MEMORY": str(-(-command.memory // MIB) + WORKER_MEMORY_MIB),
    }
    if command.gpu:
        needed["GPU"] = str(command.gpu)
    return [{"type": kind, "value": value} for kind, value in needed.items()]
