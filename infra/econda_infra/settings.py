"""What a team chooses about its stack, with what the local cloud and AWS get by default."""

from __future__ import annotations

import os
import re
import sys
from typing import Literal

import msgspec
from econda_edsl.words.places import fault, is_bucket

from econda_infra.retention import Retention

MIB = 1024 * 1024

INVOCATION_WAITS_S = 3_600
"""How long Lambda keeps a chunk for which there is no room in a function; the broker sends no more than there is room for."""

NEWS_WAITS_S = 6 * 3_600
"""How long it keeps the news of a job, the most that it does."""

WORK_TIMEOUT_S = 900
"""Seconds one invocation may take, the most that AWS Lambda allows."""


_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_EXTERNAL = re.compile(r"[\w+=,.@:/-]{2,1224}")
_PART = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of EC2 instance for jobs: of each, a spot and an on-demand queue is made.

    memory_mib: the instance's own; usable by jobs is less, see `usable_mib`. instances: most at once, per queue.
    """

    name: str
    instance: str
    vcpus: int
    memory_mib: int
    instances: int
    gpus: int = 0
    gpu_kind: str = ""
    disk_gib: int = 30
    cold_start_s: int = 120

    @property
    def usable_mib(self) -> int:
        """MiB that jobs can have of one instance. The kernel and the agent of ECS take the rest: an estimate of a
        sixteenth, above the 3% to 5% seen in AWS's guide on compute resource memory management."""
        return self.memory_mib - self.memory_mib // 16


class BadPlace(ValueError):
    """A place to publish to that is no prefix of a bucket."""


def checked_place(place: str) -> str:
    """The place itself, `s3://bucket/prefix`. Raises `BadPlace`."""
    wrong = fault(place) if is_bucket(place) else "it does not begin with s3://"
    if wrong or set(place) & set("*?{}$"):
        raise BadPlace(
            f"a stack cannot publish to {place!r}: {wrong or 'it has a sign that stands for others'}; write s3://bucket/prefix"
        )
    return place


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace that needs more than its name. isolation `hosts`: no instance of its jobs runs anybody else's.

    role: of a customer, whose credentials its tasks get, with the external id that its trust policy asks for.

    shapes: of its instances, where hosts are its own; those of the team if none are named. publish_to: where its runs may
    publish their outputs, beside where those of all namespaces may.
    """

    isolation: Literal["shared", "hosts"] = "shared"
    shapes: tuple[Shape, ...] = ()
    role: str = ""
    external_id: str = ""
    publish_to: tuple[str, ...] = ()


class BadTenant(ValueError):
    """A namespace whose name cannot be part of the names of AWS resources, or with shapes that nothing is made of."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Where the instances of jobs are started; they need a way out to AWS's services."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


CPU = Shape(name="cpu", instance="m5.4xlarge", vcpus=16, memory_mib=64 * 1024, instances=16)
GPU = Shape(
    name="gpu",
    instance="g4dn.xlarge",
    vcpus=4,
    memory_mib=16 * 1024,
    instances=8,
    gpus=1,
    gpu_kind="T4",
    cold_start_s=240,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A team's stack. `account` and `region` are where it is made.

    work_sizes_mib: memory of the functions that run attempts, 128 to 10,240; their /tmp is work_disk_mib, 512 to
    10,240. concurrency: invocations of them at once, as the broker counts. schedulers: so many at once carry runs on.
    gateway_at_once: of the gateway, which are kept for it. scheduler_timeout_s: seconds the
    functions behind queues may take; a message that was not dealt with comes back after six times that.
    namespaces: those that are not as all others.
    publish_to: prefixes of buckets, `s3://bucket/prefix`, to which `publish` of a pipeline may copy outputs.
    retention: how long what is kept. protected: the table and what is in it cannot be removed by mistake; see `econda destroy`.
    image: of jobs. labels: what policies can ask about its pools, beside `site` and `region`. emulated: the stack is made in the local cloud, not on AWS.
    """

    team: str
    account: str
    region: str
    image: str
    network: Network
    python: str = "3.13"
    work_sizes_mib: tuple[int, ...] = (1769, 3538, 10_240)
    work_disk_mib: int = 10_240
    concurrency: int = 500
    schedulers: int = 20
    gateway_at_once: int = 100
    scheduler_timeout_s: int = 60
    shapes: tuple[Shape, ...] = (CPU, GPU)
    namespaces: dict[str, Tenant] = msgspec.field(default_factory=dict)
    publish_to: tuple[str, ...] = ()
    log_days: int = 30
    retention: Retention = Retention()
    protected: bool = True
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    emulated: bool = False

    def __post_init__(self) -> None:
        """Raises `BadTenant`, `BadPlace`."""
        for place in self.publish_places:
            checked_place(place)
        for name, tenant in self.namespaces.items():
            if tenant.isolation == "hosts" and not _PART.fullmatch(name):
                raise BadTenant(
                    f"{name!r} cannot have hosts of its own: take up to 32 lower-case letters, digits and hyphens"
                )
            if tenant.role and not (_ROLE.fullmatch(tenant.role) and _EXTERNAL.fullmatch(tenant.external_id)):
                raise BadTenant(
                    f"the namespace {name} needs the ARN of a role and an external id of 2 to 1,224 letters, digits and +=,.@:/-_"
                )
            if tenant.isolation == "shared" and tenant.shapes:
                raise BadTenant(
                    f"the namespace {name} shares the team's hosts, so it has no shapes; say `isolation: hosts`"
                )

    @property
    def roles(self) -> dict[str, Tenant]:
        """Namespaces whose tasks get credentials of their customer."""
        return {name: tenant for name, tenant in sorted(self.namespaces.items()) if tenant.role}

    @property
    def publish_by_namespace(self) -> dict[str, tuple[str, ...]]:
        """Where runs of each namespace may publish to; those under "" of all of them."""
        own = {name: tenant.publish_to for name, tenant in sorted(self.namespaces.items()) if tenant.publish_to}
        return {"": self.publish_to, **own}

    @property
    def publish_places(self) -> list[str]:
        return sorted({place for places in self.publish_by_namespace.values() for place in places})

    @property
    def isolated(self) -> tuple[str, ...]:
        """Namespaces whose jobs have hosts of their own."""
        return tuple(sorted(name for name, tenant in self.namespaces.items() if tenant.isolation == "hosts"))

    @property
    def hosts(self) -> list[tuple[str, Shape]]:
        """Kinds of instances, each with the namespace that it is kept for, empty for all that have none."""
        own = [(name, shape) for name in self.isolated for shape in self.namespaces[name].shapes or self.shapes]
        return [*(("", shape) for shape in self.shapes), *own]


def emulated(team: str, account: str, region: str) -> Settings:
    """The stack in the local cloud: functions run in this Python, jobs as processes, capacity is a small one."""
    return Settings(
        team=team,
        account=account,
        region=region,
        image="process:econda",
        network=Network(subnets=("subnet-local",), security_groups=("sg-local",)),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        # More parallel invocations than cores only make each other's cold starts longer.
        concurrency=max(4, 2 * (os.cpu_count() or 1)),
        schedulers=5,
        gateway_at_once=16,
        scheduler_timeout_s=20,
        shapes=tuple(msgspec.structs.replace(shape, instances=1) for shape in (CPU, GPU)),
        emulated=True,
    )
