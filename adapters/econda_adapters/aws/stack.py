"""What a team's stack is made of, by name: written by the deployment, read by functions, jobs and the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from econda_cloud.wire.pools import Pool

POOLS_KEY = "stack/pools.json"
"""Where in the bucket the team's pools are declared."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """Names of a team's resources. Queues are URLs; `schedule_role` and `notices_queue_arn` are ARNs.

    events_queue: what happens to runs, a group for each. broker_queue: what the broker is told, one group. notices_queue:
    timers, and what the cloud says of its own accord; it delivers side by side. lost_queue: invocations of workers that failed. dead_grouped_queue: dead letters of the
    queues with groups. `gateway` is the URL of its function, which that function itself is not told. publisher: the function that copies outputs to where pipelines say. claims_days, runs_days: how
    long claims, and runs on their index, are kept; 0 for ever.
    """

    team: str
    region: str
    bucket: str
    table: str
    uploads_queue: str
    events_queue: str
    broker_queue: str
    notices_queue: str
    notices_queue_arn: str
    lost_queue: str
    dead_letters_queue: str
    dead_grouped_queue: str
    schedule_group: str
    schedule_role: str
    gateway: str = ""
    publisher: str = ""
    claims_days: int = 90
    runs_days: int = 0

    def environment(self) -> dict[str, str]:
        """The stack as environment variables of its functions and jobs."""
        values = {_variable(name): str(getattr(self, name)) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Stack:
        """Raises `KeyError` naming the first variable that is missing."""
        given = {
            name: environment[_variable(name)] for name in cls.__struct_fields__ if name not in ("gateway", "publisher")
        }
        # Numbers are texts in an environment.
        told = {name: environment.get(_variable(name), "") for name in ("gateway", "publisher")}
        return msgspec.convert({**given, **told}, cls, strict=False)


def _variable(field: str) -> str:
    return f"ECONDA_{field.upper()}"


class FunctionTarget(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="kind", tag="function"):
    """An offer of aws.lambda: the function that runs its chunks. `limit_ms`: the function's own time-out.

    tenancy: its environments are kept apart by tenant, and every invocation has to say whose it is.
    """

    function: str
    limit_ms: int
    tenancy: bool = False


class QueueTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="queue"):
    """An offer of aws.batch: the job queue and the job definition (names or ARNs)."""

    queue: str
    definition: str


class TeamPools(msgspec.Struct, frozen=True, kw_only=True):
    """The document at `POOLS_KEY`: the pools as the broker sees them, and what stands behind each offer's name, which only
    its driver reads.
    """

    pools: tuple[Pool, ...]
    targets: dict[str, msgspec.Raw]


def encode_pools(pools: TeamPools) -> bytes:
    return msgspec.json.format(msgspec.json.encode(pools, order="deterministic"), indent=1)


def decode_pools(data: bytes) -> TeamPools:
    """Raises `msgspec.ValidationError`."""
    return msgspec.json.decode(data, type=TeamPools)
