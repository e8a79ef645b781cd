"""Clients of the simulated cloud with the methods of boto3's that the adapters call."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from econda_cloud.simulate.stores import Pause
from tests.simulation.cloud import Cloud, ScheduleExists
from tests.simulation.jobs import Jobs


class NeverRaised(Exception):
    """What Batch says of a definition that is gone, which here none is."""


class CloudClients:
    """One process's clients: every request may be refused, be the last one, or let others go first.

    write: how the version of the process writes a message.
    """

    def __init__(self, cloud: Cloud, jobs: Jobs, pause: Pause, write: Callable[[str], str] = str) -> None:
        self._cloud, self._jobs, self._pause, self._write = cloud, jobs, pause, write
        self.exceptions = SimpleNamespace(ConflictException=ScheduleExists, ClientException=NeverRaised)

    def __call__(self, service: str) -> CloudClients:
        assert service in ("lambda", "batch", "sqs", "scheduler")
        return self

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:
        assert InvocationType == "Event"
        self._pause(f"invoke {FunctionName}")
        self._maybe_refused()
        return {"ResponseMetadata": {"RequestId": self._cloud.invoke(Payload)}}

    def submit_job(self, **request: Any) -> dict[str, str]:
        self._pause(f"submit {request['jobName']}")
        self._maybe_refused()
        return {"jobId": self._jobs.submit(request)}

    def _maybe_refused(self) -> None:
        if self._cloud.chance.hits("refuse"):
            raise ValueError("the pool refuses it, now and for ever")

    def terminate_job(self, *, jobId: str, reason: str) -> None:
        assert reason
        self._pause(f"terminate {jobId}")
        self._jobs.terminate(jobId)

    def describe_jobs(self, *, jobs: list[str]) -> dict[str, Any]:
        self._pause(f"describe {len(jobs)} jobs")
        return {"jobs": self._jobs.describe(jobs)}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0, MessageGroupId: str = "", **_: Any
    ) -> None:
        assert DelaySeconds <= 900
        self._pause(f"send to {QueueUrl}")
        self._cloud.send(QueueUrl, self._write(MessageBody), DelaySeconds * 1000, MessageGroupId)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._pause(f"send {len(Entries)} to {QueueUrl}")
        for entry in Entries:
            self._cloud.send(QueueUrl, self._write(entry["MessageBody"]), 0, entry.get("MessageGroupId", ""))
        return {}

    def create_schedule(self, *, Name: str, ScheduleExpression: str, Target: dict[str, str], **_: Any) -> None:
        self._pause("create a schedule")
        self._cloud.schedule(Name, ScheduleExpression, self._write(Target["Input"]))
