"""The pools of a team's stack: what the broker may choose from, and what stands behind each offer."""

from __future__ import annotations

import hashlib

import msgspec
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, TeamPools, encode_pools

from econda_cloud.money.snapshot import ec2_price, lambda_price
from econda_cloud.wire.pools import Node, Offer, Pool
from econda_infra import names
from econda_infra.settings import INVOCATION_WAITS_S, MIB, WORK_TIMEOUT_S, Settings, Shape

MIB_PER_VCPU = 1769
"""MiB of memory at which a function has the time of one vCPU; https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

WORKER_MIB = 256
"""MiB of a function's memory that the runtime and the worker keep, both with boto3 loaded."""

REPORT_S = 30
"""Seconds of an invocation kept for fetching inputs and reporting the last attempt."""

FUNCTION_COLD_START_MS = 400
"""Typical start of a Python function of this size; warm ones take a few milliseconds."""

ARRAY_MOST = 10_000
"""Members of an array job, at most; https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html"""

JOB_PENDING_MS = 7 * 24 * 3_600_000
"""How long a job may wait and run before it is given up for lost."""


def team_pools(settings: Settings) -> TeamPools:
    """One pool of functions, and one of Batch for each shape of instance; those of namespaces with hosts of their own."""
    batch = [_batch(settings, namespace, shape) for namespace, shape in settings.hosts]
    targets: dict[str, msgspec.Raw] = {}
    for size in settings.work_sizes_mib:
        function = names.worker(settings.team, size)
        target = FunctionTarget(function=function, limit_ms=WORK_TIMEOUT_S * 1000, tenancy=True)
        targets[_function_offer(size)] = _raw(target)
    for namespace, shape in settings.hosts:
        for spot in (True, False):
            queue = names.job_queue(settings.team, shape.name, spot, namespace)
            target = QueueTarget(queue=queue, definition=names.job_definition(settings.team))
            targets[_batch_offer(namespace, shape, spot)] = _raw(target)
    return TeamPools(pools=(_functions(settings), *batch), targets=targets)


def _raw(target: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(target))


def digest(pools: TeamPools) -> str:
    """Tells one version of the document from another."""
    return hashlib.sha256(encode_pools(pools)).hexdigest()[:16]


def _functions(settings: Settings) -> Pool:
    offers = tuple(_function(settings, size) for size in sorted(settings.work_sizes_mib))
    return Pool(
        name="aws.lambda",
        driver="aws.lambda",
        offers=offers,
        slots=settings.concurrency,
        cpu_milli=settings.concurrency * max(offer.node.cpu_milli for offer in offers),
        memory=settings.concurrency * max(offer.node.memory for offer in offers),
        max_time_ms=(WORK_TIMEOUT_S - REPORT_S) * 1000,
        chunk_max=100,
        chunk_ms=10_000,
        # Whatever was not heard of by then has been dropped and nobody was told.
        lease_ms=(INVOCATION_WAITS_S + 2 * WORK_TIMEOUT_S) * 1000,
        labels=_labels(settings),
    )


def _function(settings: Settings, size: int) -> Offer:
    return Offer(
        name=_function_offer(size),
        node=Node(
            cpu_milli=size * 1000 // MIB_PER_VCPU,
            memory=(size - WORKER_MIB) * MIB,
            disk=settings.work_disk_mib * MIB,
            region=settings.region,
        ),
        price=lambda_price(size, settings.work_disk_mib),
        cold_start_ms=FUNCTION_COLD_START_MS,
        whole=True,
    )


def _batch(settings: Settings, namespace: str, shape: Shape) -> Pool:
    # The spot and the on-demand queue have instances of their own, but the broker counts them as one capacity: it
    # never holds more than one of the two could take, so that no job waits for an instance that cannot come.
    return Pool(
        name=_batch_pool(namespace, shape),
        driver="aws.batch",
        offers=tuple(_instance(settings, namespace, shape, spot) for spot in (True, False)),
        slots=shape.instances * shape.vcpus,
        cpu_milli=shape.instances * shape.vcpus * 1000,
        memory=shape.instances * shape.usable_mib * MIB,
        gpu=shape.instances * shape.gpus,
        chunk_max=ARRAY_MOST,
        array=True,
        labels=_labels(settings),
        lease_ms=JOB_PENDING_MS,
        kinds=("python", "shell", "image") if shape.gpus else ("python", "shell", "image", "environment"),
        namespaces=(namespace,) if namespace else (),
        closed_to=() if namespace else settings.isolated,
    )


def _instance(settings: Settings, namespace: str, shape: Shape, spot: bool) -> Offer:
    return Offer(
        name=_batch_offer(namespace, shape, spot),
        node=Node(
            cpu_milli=shape.vcpus * 1000,
            memory=shape.usable_mib * MIB,
            disk=shape.disk_gib * 1024 * MIB,
            gpu=shape.gpus,
            gpu_kind=shape.gpu_kind,
            region=settings.region,
        ),
        price=ec2_price(shape.instance, spot),
        spot=spot,
        cold_start_ms=shape.cold_start_s * 1000,
    )


def _labels(settings: Settings) -> dict[str, str]:
    """What policies can ask about the stack's pools: what its settings say, and where it is."""
    return {"site": "aws", "region": settings.region, **settings.labels}


def _function_offer(size: int) -> str:
    return f"aws.lambda/{size}"


def _batch_pool(namespace: str, shape: Shape) -> str:
    return f"aws.batch.{shape.name}{f'.{namespace}' if namespace else ''}"


def _batch_offer(namespace: str, shape: Shape, spot: bool) -> str:
    return f"{_batch_pool(namespace, shape)}/{shape.instance}/{'spot' if spot else 'on-demand'}"
