"""What the local Batch keeps: environments, queues, definitions, jobs. No I/O and no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MILLI = 1000  # vCPUs are counted in thousandths: Batch allows a quarter of one, and floats do not add up


class Status(StrEnum):
    """The states of an AWS Batch job, in the order a job goes through them."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED})
PLACED = frozenset({Status.STARTING, Status.RUNNING})
WAITING = frozenset({Status.SUBMITTED, Status.PENDING, Status.RUNNABLE})


@dataclass(frozen=True, slots=True)
class Resources:
    """Thousandths of a vCPU, MiB of memory and GPUs."""

    millicpus: int = 0
    memory: int = 0
    gpus: int = 0

    def plus(self, other: Resources) -> Resources:
        return Resources(self.millicpus + other.millicpus, self.memory + other.memory, self.gpus + other.gpus)

    def minus(self, other: Resources) -> Resources:
        return Resources(self.millicpus - other.millicpus, self.memory - other.memory, self.gpus - other.gpus)

    def within(self, room: Resources) -> bool:
        return self.millicpus <= room.millicpus and self.memory <= room.memory and self.gpus <= room.gpus


@dataclass(slots=True)
class Environment:
    """A compute environment: `detail` is its wire form, `capacity` what it may hold at once."""

    name: str
    arn: str
    detail: dict[str, Any]
    capacity: Resources
    used: Resources = field(default_factory=Resources)

    @property
    def enabled(self) -> bool:
        return self.detail["state"] == "ENABLED"


@dataclass(slots=True)
class Queue:
    """A job queue: `environments` are names of compute environments in the order they are tried."""

    name: str
    arn: str
    detail: dict[str, Any]
    priority: int
    environments: tuple[str, ...]


@dataclass(slots=True)
class Definition:
    """One revision of a job definition; `detail` is its wire form."""

    name: str
    revision: int
    arn: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvaluateOnExit:
    """One condition of a retry strategy; a pattern of None is not looked at. `action` is RETRY or EXIT."""

    action: str
    status_reason: str | None = None
    reason: str | None = None
    exit_code: str | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """What an attempt of a job runs. `timeout` is in seconds."""

    image: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    resources: Resources
    attempts: int = 1
    evaluate_on_exit: tuple[EvaluateOnExit, ...] = ()
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended. Times are milliseconds since the epoch.

    `succeeded` is False also for an exit code of 0 after the attempt was stopped; `final` forbids a retry (time-out).
    """

    started_at: int
    stopped_at: int
    succeeded: bool
    exit_code: int | None
    status_reason: str
    reason: str | None
    log_stream: str
    task_arn: str
    instance_arn: str
    final: bool = False


@dataclass(slots=True, eq=False)
class Job:
    """A job, an array's parent, or an array's child. Times are milliseconds since the epoch."""

    id: str
    arn: str
    name: str
    queue: str
    spec: Spec
    wire: Mapping[str, Any]  # the members of JobDetail that never change
    created_at: int
    status: Status = Status.SUBMITTED
    reason: str | None = None
    started_at: int | None = None
    stopped_at: int | None = None
    attempts: list[AttemptEnd] = field(default_factory=list)
    log_stream: str | None = None
    environment: str | None = None
    unmet: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    cancelled: bool = False
    terminated: bool = False
    parent: str | None = None
    index: int | None = None
    size: int | None = None
    children: Counter[Status] = field(default_factory=Counter)

    @property
    def is_array(self) -> bool:
        return self.size is not None and self.index is None
