"""Pools: capacity that takes chunks of attempts, and what is asked of whoever drives one.

A driver submits, observes and prices; it never decides. It answers for each submission: what it cannot do for good is
`Refused`, what the world does not allow just now is `Later`. What the pool calls a job, its handle, is text that only
its driver reads. Times are milliseconds since the epoch, durations milliseconds, memory is in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec
from econda_edsl.plan import FailureKind

from econda_cloud.money.prices import Price

LIMIT_MARGIN_MS = 120_000
"""A worker ends an attempt at its time-out and reports; the pool ends a worker that hangs so much later."""

Targets: TypeAlias = Mapping[str, msgspec.Raw]
"""What stands behind each offer, as JSON, by the offer's name."""


class PoolUnavailable(Exception):
    """The pool cannot be reached now; the message says why. Ask again later."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver can do, as data.

    kinds: of tasks. array_most: jobs that one submission may become, each with one attempt; 1 for a pool without arrays.
    max_time_ms: longest job, None for no limit that the driver knows of. assignment_most: bytes of an assignment.
    idempotent: a chunk that is submitted twice is one job. describes: `describe` knows jobs; otherwise all are `Unknown`.
    cancels: by the handle only; by the chunk's name too, for a handle is the name and need not be known; or never.
    """

    kinds: tuple[str, ...]
    array_most: int = 1
    max_time_ms: int | None = None
    assignment_most: int = 200_000
    idempotent: bool = False
    describes: bool = True
    cancels: Literal["by_handle", "by_chunk", "never"] = "by_handle"
    images: bool = False

    @property
    def arrays(self) -> bool:
        return self.array_most > 1


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk to be run on an offer. cpu_milli, memory, gpu: what one attempt reserves.

    size: attempts; side by side as an array where the pool has those, else one after another in one job.
    timeout_ms: of one attempt, kept by the worker; the pool ends a job that outlives `job_limit_ms`.
    assignment: JSON that the worker program is handed and nobody else reads. It holds a token, so nothing shows it.
    """

    chunk: str
    run: str
    namespace: str
    offer: str
    target: msgspec.Raw
    assignment: bytes
    size: int = 1
    cpu_milli: int = 1000
    memory: int = 0
    gpu: int = 0
    timeout_ms: int | None = None
    image: str | None = None

    def __repr__(self) -> str:
        return f"Submission(chunk={self.chunk!r}, run={self.run!r}, namespace={self.namespace!r}, offer={self.offer!r})"


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The pool has the chunk. Members of an array have handles of their own: see `member_handle`."""

    handle: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The pool will never take this submission as it is; `why` is for the person who wrote it."""

    why: str


class Later(msgspec.Struct, frozen=True, tag="later"):
    """Not now, through no fault of the submission; worth another try after `after_ms`."""

    why: str
    after_ms: int = 1_000


Answer: TypeAlias = Accepted | Refused | Later


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """The pool has the job and does not run it yet; `why` in the pool's own words, if it has any."""

    why: str = ""


class Running(msgspec.Struct, frozen=True, tag="running"):
    """started_ms is None where the pool does not tell, as for an array of which some members run."""

    started_ms: int | None = None


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The job is over. `failure` is None if its worker ended well: then whatever became of the attempts was reported.

    Times are None where the job never ran, or nobody saw it.
    """

    failure: FailureKind | None = None
    message: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """The pool knows no such job, or none any more."""


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The pool could not be asked, or never tells: this says nothing about the job."""

    why: str


JobState: TypeAlias = Waiting | Running | Ended | Gone | Unknown


class NodeRoom(msgspec.Struct, frozen=True, kw_only=True):
    """One machine of a pool: what it has in all, and what of that is free now."""

    name: str
    cpu_milli: int
    memory: int
    gpu: int = 0
    free_cpu_milli: int
    free_memory: int
    free_gpu: int = 0


class ByNode(msgspec.Struct, frozen=True, tag="by_node"):
    """All machines of an offer that answer now. `away`: those that do not, and why."""

    nodes: tuple[NodeRoom, ...]
    away: tuple[str, ...] = ()


class AtMost(msgspec.Struct, frozen=True, tag="at_most"):
    """What an offer holds in all; the pool does not tell how much of it is taken. None: no such bound is known."""

    slots: int | None = None
    cpu_milli: int | None = None


Capacity: TypeAlias = ByNode | AtMost | Unknown


class PoolDriver(Protocol):
    """Drives the pools of one kind. No method raises for what the world does, except `cancel`."""

    def capabilities(self) -> Capabilities: ...

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        """What there is now, by offer."""
        ...

    def prices(self, targets: Targets) -> dict[str, Price]:
        """What each offer costs now; a price that the driver does not know is not `known`."""
        ...

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        """One answer for each, in their order; none depends on another's."""
        ...

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        """What became of each, in their order. A pool may forget a job some time after it told that it has ended."""
        ...

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        """Stop a job, or these members of an array; one that has ended, or is gone, is left alone.

        Pools without arrays need not stop anything for single members: their worker hears of it by itself.
        Raises `PoolUnavailable`.
        """
        ...


def member_handle(handle: str, index: int) -> str:
    """The handle of one member of an array, counted from 0."""
    return f"{handle}:{index}"


def job_limit_ms(submission: Submission, *, array: bool) -> int | None:
    """How long one job of a submission may run before the pool ends it; None for no limit.

    Without an array, the attempts of a chunk run one after another.
    """
    if submission.timeout_ms is None:
        return None
    return submission.timeout_ms * (1 if array else submission.size) + LIMIT_MARGIN_MS
