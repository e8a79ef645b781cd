"""The driver aws.batch: chunks as jobs of AWS Batch, several attempts as an array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from econda_adapters.aws.batch_jobs import CANCELLED, CHUNK, RUN, state_of
from econda_adapters.aws.batch_offers import QueueOffers
from econda_adapters.aws.job_definitions import Definitions
from econda_adapters.aws.refusals import answer_to, why_away
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import QueueTarget
from econda_cloud.money.prices import Price
from econda_cloud.ports.pool import (
    Accepted,
    Answer,
    Capabilities,
    Capacity,
    Gone,
    JobState,
    PoolUnavailable,
    Refused,
    Submission,
    Targets,
    Unknown,
    job_limit_ms,
    member_handle,
)  # fmt: skip

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

MIB = 1024**2
WORKER_MEMORY_MIB = 256
"""Given to the container on top of the attempt's memory, so that the attempt meets its own limit first."""

SHORTEST_TIMEOUT_S = 60
ASSIGNMENT = "ECONDA_ASSIGNMENT"
"""The variable in which a worker finds its assignment: Batch hands over nothing else. Who may describe the team's jobs
may read it, so its token is for one claim and does not last."""

ASSIGNMENT_MOST = 6_000
"""Bytes: all overrides of a container have 8,192 characters; https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""

ARRAY_MOST = 10_000
DESCRIBED_AT_ONCE = 100
REFUSALS = ("ClientException", "ValidationException", "InvalidParameterValueException")
"""What Batch says of a job that it will never take: a definition, a queue or an image that there is not."""


class BatchDriver:
    """A pool of queues. Handles are job ids; a chunk that is submitted twice is two jobs, of which one gets the claim."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._definitions = Definitions(clients)
        self._offers = QueueOffers(clients)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            kinds=("python", "shell", "environment"),
            array_most=ARRAY_MOST,
            assignment_most=ASSIGNMENT_MOST,
            images=True,
        )

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        return {offer: self._offers.capacity(raw) for offer, raw in targets.items()}

    def prices(self, targets: Targets) -> dict[str, Price]:
        return {offer: self._offers.price(raw) for offer, raw in targets.items()}

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        return side_by_side(self._submit, batch)

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        wanted = list(dict.fromkeys(handles))
        hundreds = [wanted[at : at + DESCRIBED_AT_ONCE] for at in range(0, len(wanted), DESCRIBED_AT_ONCE)]
        found: dict[str, JobState] = {}
        for part in side_by_side(self._described, hundreds):
            found |= part
        return [found[handle] for handle in handles]

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        if not handle:
            return
        try:
            for job in [handle] if members is None else [member_handle(handle, member) for member in members]:
                self._terminate(job)
        except Exception as error:
            raise PoolUnavailable(why_away(error)) from error

    def _submit(self, submission: Submission) -> Answer:
        try:
            target = msgspec.json.decode(submission.target, type=QueueTarget)
            if len(submission.assignment) > ASSIGNMENT_MOST:
                return Refused(f"its assignment has {len(submission.assignment)} bytes; a job takes {ASSIGNMENT_MOST}")
            request = {**_asked(submission), "jobQueue": target.queue}
            return Accepted(self._accepted(request, target.definition, submission.image))
        except LookupError as error:
            return Refused(str(error.args[0]))
        except Exception as error:
            return answer_to(error, REFUSALS)

    def _accepted(self, request: dict[str, Any], base: str, image: str | None) -> str:
        """Submit with the definition for this image. One that was known may be gone since; then it is made again."""
        for _ in range(2):
            known = self._definitions.knows(base, image)
            definition = self._definitions.of(base, image)
            try:
                return self._clients("batch").submit_job(**request, jobDefinition=definition)["jobId"]
            except self._clients("batch").exceptions.ClientException:
                if not known:
                    raise
                self._definitions.forget(base, image)
        raise AssertionError("what was forgotten is not known")

    def _described(self, handles: Sequence[str]) -> dict[str, JobState]:
        try:
            jobs = self._clients("batch").describe_jobs(jobs=list(handles))["jobs"]
        except Exception as error:
            return dict.fromkeys(handles, Unknown(why_away(error)))
        return dict.fromkeys(handles, Gone()) | {job["jobId"]: state_of(job) for job in jobs}

    def _terminate(self, job: str) -> None:
        # A job that Batch has forgotten is an error of the client's.
        with suppress(self._clients("batch").exceptions.ClientException):
            self._clients("batch").terminate_job(jobId=job, reason=CANCELLED)


def driver(targets: Targets, clients: Clients) -> BatchDriver:
    """Every submission brings its target along, so those of the pool are not needed."""
    del targets
    return BatchDriver(clients)


def _asked(submission: Submission) -> dict[str, Any]:
    """A SubmitJob, but for queue and definition."""
    array = submission.size > 1
    given = {ASSIGNMENT: submission.assignment.decode(), CHUNK: submission.chunk, RUN: submission.run}
    request: dict[str, Any] = {
        "jobName": re.sub(r"[^A-Za-z0-9_-]", "-", submission.chunk)[:128],
        "containerOverrides": {
            "environment": [{"name": name, "value": value} for name, value in given.items()],
            "resourceRequirements": _requirements(submission),
        },
        "retryStrategy": {"attempts": 1},
        "tags": {"econda:run": submission.run, "econda:namespace": submission.namespace},
    }
    if array:
        request["arrayProperties"] = {"size": submission.size}
    limit = job_limit_ms(submission, array=array)
    if limit is not None:
        request["timeout"] = {"attemptDurationSeconds": max(SHORTEST_TIMEOUT_S, -(-limit // 1000))}
    return request


def _requirements(command: Submission) -> list[dict[str, str]]:
    needed = {
        "VCPU": str(max(1, -(-command.cpu_milli // 1000))),
        "MEMORY": str(-(-command.memory // MIB) + WORKER_MEMORY_MIB),
    }
    if command.gpu:
        needed["GPU"] = str(command.gpu)
    return [{"type": kind, "value": value} for kind, value in needed.items()]
