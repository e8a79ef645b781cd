"""The services of AWS that hand work to workers, as clients of boto3 reach them: functions, Batch jobs, schedules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from econda_adapters.aws.batch_events import lost_job
from econda_adapters.aws.batch_pool import ASSIGNMENT

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.messages import write_message
from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.chance import Chance
from econda_cloud.simulate.processes import Process, Steps
from econda_cloud.simulate.queues import GroupedQueue, StandardQueue
from econda_cloud.wire.assignment import Assignment, decode_assignment

FUNCTION_LIMIT_MS = 900_000
Start = Callable[[str, str, Assignment, int | None, int | None, Callable[[], bool]], Steps]
"""Makes a worker's steps from its name, its job's handle, its assignment, index, deadline and a look at whether its host goes away."""


@dataclass
class Member:
    """A job of Batch, or one of an array."""

    job: str
    index: int | None
    environment: list[dict[str, str]]
    process: Process | None = None
    over: bool = False
    stopping: bool = False


@dataclass
class Cloud:
    """What is common to all processes of the world."""

    agenda: Agenda
    chance: Chance
    events: GroupedQueue
    broker: GroupedQueue
    notices: StandardQueue
    blobs: MemoryBlobs
    start: Start
    jobs: dict[str, list[Member]] = field(default_factory=dict)
    names: int = 0
    schedules: set[str] = field(default_factory=set)

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}-{self.names}"

    def send(self, queue: str, body: str, delay_ms: int, group: str) -> None:
        match queue:
            case "events":
                self.events.send(group, body)
            case "broker":
                self.broker.send(group, body)
            case "notices":
                self.notices.send(body, delay_ms)
            case _:
                raise AssertionError(f"there is no queue {queue}")

    # Functions -------------------------------------------------------------------------------------------------

    def invoke(self, payload: bytes) -> str:
        request = self.name("fn")
        if self.chance.hits("vanish"):
            self.agenda.tell(f"{request}: vanished")
        elif self.chance.hits("lost"):
            self.agenda.after(
                self.chance.between("fn", 1, 900), f"{request} fails", lambda: self._failed(request, payload)
            )
        else:
            for _ in range(1 + self.chance.hits("duplicate")):
                self._begin_function(request, payload)
        return request

    def _begin_function(self, request: str, payload: bytes) -> None:
        name, assignment = self.name("worker"), decode_assignment(payload)
        wait = self.chance.between("fn", 20, 2_000)
        deadline = self.agenda.now + wait + FUNCTION_LIMIT_MS
        steps = self.start(name, request, assignment, None, deadline, lambda: False)
        process = Process(self.agenda, self.chance, f"{name} runs {assignment.chunk}", steps,
                          lambda reason: self._failed(request, payload) if reason else None)  # fmt: skip
        self.agenda.after(wait, process.name, process.resume)

    def _failed(self, request: str, payload: bytes) -> None:
        body = {"requestPayload": json.loads(payload), "responsePayload": {"errorMessage": "it ended"},
                "requestContext": {"requestId": request}}  # fmt: skip
        self._tell(json.dumps(body))

    def _tell(self, body: str) -> None:
        """The word of something that died: it may come late, and twice."""
        for _ in range(1 + self.chance.hits("late")):
            late = self.chance.between("late", 0, 300_000) if self.chance.hits("late") else 5
            self.notices.send(body, late)

    # Jobs ------------------------------------------------------------------------------------------------------

    def submit(self, request: dict[str, Any]) -> str:
        job, size = self.name("job"), request.get("arrayProperties", {}).get("size")
        environment = request["containerOverrides"]["environment"]
        members = [Member(job, index, environment) for index in (range(size) if size else [None])]
        self.jobs[job] = members
        for member in members:
            wait = self.chance.between("batch", 100, 90_000)
            self.agenda.after(wait, f"{job} {member.index} begins", lambda member=member: self._begin_job(member))
        return job

    def _begin_job(self, member: Member) -> None:
        if member.over:
            return
        told = {each["name"]: each["value"] for each in member.environment}
        assignment = decode_assignment(told[ASSIGNMENT])
        name = self.name("worker")
        steps = self.start(name, member.job, assignment, member.index, None, lambda: member.stopping)
        member.process = Process(self.agenda, self.chance, f"{name} runs {assignment.chunk} {member.index}", steps,
                                 lambda reason: self._end_job(member, reason))  # fmt: skip
        if self.chance.hits("reclaim"):
            self.agenda.after(
                self.chance.between("reclaim", 1, 60_000), f"{name} is told to stop", lambda: self._warn(member)
            )
        member.process.resume()

    def _warn(self, member: Member) -> None:
        """Two minutes' notice of the host's end."""
        member.stopping = True
        process = member.process
        if process is not None:
            self.agenda.after(120_000, "a host goes away", lambda: process.kill("Host EC2 terminated"))

    def _end_job(self, member: Member, reason: str) -> None:
        if member.over:
            return
        member.over = True
        if reason:
            status = reason if reason.startswith(("Host EC2", "cancelled")) else "Essential container in task exited"
            detail: dict[str, Any] = {
                "jobId": member.job,
                "status": "FAILED",
                "statusReason": status,
                "container": {"environment": member.environment},
            }
            if member.index is not None:
                detail["arrayProperties"] = {"index": member.index}
            found = lost_job(detail)
            if found is not None:
                self._tell(write_message(found[0], [found[1]], self.blobs))

    def terminate(self, job: str) -> None:
        parent, _, index = job.partition(":")
        for member in self.jobs.get(parent, []):
            if not index or str(member.index) == index:
                if member.process is not None:
                    member.process.kill("cancelled by econda")
                self._end_job(member, "cancelled by econda")

    # Schedules -------------------------------------------------------------------------------------------------

    def schedule(self, name: str, when: str, body: str) -> None:
        if name in self.schedules:
            raise ScheduleExists(name)
        self.schedules.add(name)
        at = datetime.strptime(when, "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        self.notices.send(body, round(at.timestamp() * 1000) - self.agenda.now)


class ScheduleExists(Exception):
    """What the real service calls ConflictException."""
