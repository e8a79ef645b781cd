"""AWS Batch as its clients reach it: jobs and arrays of them on machines that boot, idle and are reclaimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from econda_adapters.aws.batch_events import lost_job
from econda_adapters.aws.batch_jobs import CANCELLED
from econda_adapters.aws.batch_pool import ASSIGNMENT

from econda_cloud.schedule.messages import write_message
from econda_cloud.simulate.hosts import Fleet, Host, Shape
from econda_cloud.simulate.processes import Process
from econda_cloud.wire.assignment import decode_assignment
from tests.simulation.cloud import Cloud

MIB, GIB = 1024**2, 1024**3
MACHINE = Shape(cpu_milli=8_000, memory=32 * GIB, gpu=1)
BOOT_MS = 60_000


@dataclass
class Member:
    """A job of Batch, or one of an array. Times in ms since the epoch, None before."""

    job: str
    index: int | None
    request: dict[str, Any]
    asked_ms: int
    process: Process | None = None
    host: Host | None = None
    started_ms: int | None = None
    stopped_ms: int | None = None
    reason: str = ""
    stopping: bool = False

    @property
    def name(self) -> str:
        return self.job if self.index is None else f"{self.job}:{self.index}"

    @property
    def over(self) -> bool:
        return self.stopped_ms is not None

    def detail(self) -> dict[str, Any]:
        """As DescribeJobs and the events show it."""
        status = ("FAILED" if self.reason else "SUCCEEDED") if self.over else "RUNNING" if self.process else "RUNNABLE"
        detail: dict[str, Any] = {"jobId": self.name, "status": status, "statusReason": self.reason,
                                  "container": {"environment": self.request["containerOverrides"]["environment"]}}  # fmt: skip
        if self.started_ms is not None:
            detail["startedAt"] = self.started_ms
        if self.stopped_ms is not None:
            detail["stoppedAt"] = self.stopped_ms
        if self.index is not None:
            detail["arrayProperties"] = {"index": self.index}
        return detail


class Jobs:
    """All jobs of a world."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._fleet = cloud, Fleet(cloud.agenda, cloud.bill)
        self._jobs: dict[str, list[Member]] = {}

    def submit(self, request: dict[str, Any]) -> str:
        cloud = self._cloud
        job, size = cloud.name("job"), request.get("arrayProperties", {}).get("size")
        members = [Member(job, index, request, cloud.agenda.now) for index in (range(size) if size else [None])]
        self._jobs[job] = members
        for member in members:
            wait = cloud.chance.between("batch", 100, 90_000)
            cloud.agenda.after(wait, f"{member.name} begins", lambda member=member: self._begin(member))
        return job

    def describe(self, names: list[str]) -> list[dict[str, Any]]:
        """What is known of these jobs."""
        found = {member.name: member for name in names for member in self._jobs.get(name.partition(":")[0], ())}
        return [self._described(name, found) for name in names if name.partition(":")[0] in self._jobs]

    def _described(self, name: str, members: dict[str, Member]) -> dict[str, Any]:
        if name in members:
            return members[name].detail()
        # The job of an array stands for its members.
        all_over = all(member.over for member in self._jobs[name])
        return {"jobId": name, "status": "SUCCEEDED" if all_over else "RUNNING", "arrayProperties": {"size": len(self._jobs[name])}}  # fmt: skip

    def _begin(self, member: Member) -> None:
        if member.over:
            return
        cloud = self._cloud
        told = {each["name"]: each["value"] for each in member.request["containerOverrides"]["environment"]}
        assignment, name = decode_assignment(told[ASSIGNMENT]), cloud.name("worker")
        offer = member.request["jobQueue"]
        member.started_ms = cloud.agenda.now
        host, use = self._fleet.take(offer, MACHINE, cloud.rates().get(offer), member.name, assignment.chunk,
                                     _needs(member.request), member.asked_ms, BOOT_MS)  # fmt: skip
        member.host = host
        steps = cloud.start(name, member.job, assignment, member.index, None, lambda: member.stopping, use)
        member.process = Process(cloud.agenda, cloud.chance, f"{name} runs {assignment.chunk} {member.index}", steps,
                                 lambda reason: self._end(member, reason))  # fmt: skip
        if cloud.chance.hits("reclaim"):
            wait = cloud.chance.between("reclaim", 1, 60_000)
            cloud.agenda.after(wait, f"the machine of {name} is reclaimed", lambda: self._reclaim(host))
        member.process.resume()

    def _reclaim(self, host: Host) -> None:
        on_it = {member.name: member for members in self._jobs.values() for member in members if member.host is host}

        def warn(name: str) -> None:
            on_it[name].stopping = True

        def kill(name: str) -> None:
            if (process := on_it[name].process) is not None:
                process.kill("Host EC2 (instance i-1) terminated.")

        self._fleet.reclaim(host, warn, kill)

    def _end(self, member: Member, reason: str) -> None:
        if member.over:
            return
        cloud = self._cloud
        known = reason.startswith(("Host EC2", CANCELLED)) or not reason
        member.stopped_ms = cloud.agenda.now
        member.reason = reason if known else "Essential container in task exited"
        if member.host is not None:
            self._fleet.leave(member.host, member.name)
        found = lost_job(member.detail())
        if found is None:
            return
        if cloud.chance.hits("unheard"):
            cloud.agenda.tell(f"{member.name}: nobody is told that it is over")
            return
        cloud.tell(write_message(found[0], [found[1]], cloud.blobs))

    def terminate(self, job: str) -> None:
        parent, _, index = job.partition(":")
        for member in self._jobs.get(parent, []):
            if not index or str(member.index) == index:
                if member.process is not None:
                    member.process.kill(CANCELLED)
                self._end(member, CANCELLED)


def _needs(request: dict[str, Any]) -> Shape:
    asked = {each["type"]: int(each["value"]) for each in request["containerOverrides"]["resourceRequirements"]}
    return Shape(asked["VCPU"] * 1000, asked["MEMORY"] * MIB, asked.get("GPU", 0))
