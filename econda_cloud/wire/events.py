"""What can happen to a run. Events arrive at least once, in any order; deciding must not care.

Names are in the past tense. All times are milliseconds since the epoch. `handle` is the pool's name of the job that an
event is about: what is said of another job of the same chunk, a duplicate or a zombie, concerns that one alone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from econda_edsl.plan import FailureKind

from econda_cloud.wire.grants import Grant, Standing, Unplaceable

Item: TypeAlias = tuple[str, int]
"""An attempt: (instance, attempt number from 1)."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event"):
    """Base of all events of a run."""


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """First event of every log. `archives` maps environments already built to their blob keys.

    `reuse` is an earlier run whose results are used where nothing has changed, except by the steps in `fresh`
    (by `paths.step_path`).
    """

    run: str
    namespace: str
    plan: str
    params: dict[str, Any]
    seed: int
    submitted_by: str = ""
    archives: dict[str, str] = msgspec.field(default_factory=dict)
    bundle: str | None = None
    reuse: str = ""
    fresh: tuple[str, ...] = ()


class GrantsSet(Event, frozen=True, kw_only=True, tag="grants_set"):
    """All that the broker lends to the run now, in answer to what it was told in version `told`.

    version: counts what the broker has told this run. open: classes (by key) of which more is wanted than lent, and
    will be when there is room. unplaceable: classes that nothing can ever take. waiting: how the offers stand for the classes
    in `open`, for people to read.
    """

    version: int
    told: int
    grants: tuple[Grant, ...] = ()
    open: tuple[str, ...] = ()
    unplaceable: tuple[Unplaceable, ...] = ()
    waiting: tuple[Standing, ...] = ()


class ChunkAccepted(Event, frozen=True, kw_only=True, tag="chunk_accepted"):
    """The pool has taken the chunk under this handle, which is needed to cancel it."""

    chunk: str
    handle: str


class ChunkRefused(Event, frozen=True, kw_only=True, tag="chunk_refused"):
    """The pool will never take the chunk, and why."""

    chunk: str
    why: str


class ChunkSeen(Event, frozen=True, kw_only=True, tag="chunk_seen"):
    """Somebody has the chunk, or it waits in its pool: no reason to miss it before `until_ms`.

    waits: why its pool has not taken it yet, if that is so; it is handed over again then.
    """

    chunk: str
    until_ms: int
    handle: str = ""
    waits: str = ""


class AttemptSucceeded(Event, frozen=True, kw_only=True, tag="attempt_succeeded"):
    instance: str
    attempt: int
    outputs: dict[str, Any]
    started_ms: int
    ended_ms: int
    log: str = ""
    handle: str = ""


class AttemptFailed(Event, frozen=True, kw_only=True, tag="attempt_failed"):
    """`failure` of kind preempted or lost is the infrastructure's doing and costs no retry."""

    instance: str
    attempt: int
    failure: FailureKind
    message: str
    started_ms: int = 0
    ended_ms: int = 0
    log: str = ""
    handle: str = ""


class ChunkLost(Event, frozen=True, kw_only=True, tag="chunk_lost"):
    """Whoever ran the chunk is gone; attempts of it that have not reported are lost or preempted.

    index: only this member of it. started_ms, ended_ms: when it held its place, as far as its pool tells; 0 if not.
    claimed: its job is the one that has the claim, whichever the chunk was accepted as.
    """

    chunk: str
    failure: FailureKind
    message: str
    index: int | None = None
    handle: str = ""
    started_ms: int = 0
    ended_ms: int = 0
    claimed: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A result that is there already; `run` and `source` (an instance) tell who made it."""

    instance: str
    attempt: int
    outputs: dict[str, Any]
    run: str
    source: str


class ResultsFound(Event, frozen=True, kw_only=True, tag="results_found"):
    """These calls need no attempt: results of the same causes are kept."""

    results: tuple[Found, ...]


class ResultsMissing(Event, frozen=True, kw_only=True, tag="results_missing"):
    """Nothing is kept that these calls could use, and why: what has changed since they ran last."""

    items: tuple[Item, ...]
    reason: str


class TimerFired(Event, frozen=True, kw_only=True, tag="timer_fired"):
    """Time has passed: it is `at_ms` at least, even if the clock of whoever takes the event is behind."""

    at_ms: int = 0


class CancelRequested(Event, frozen=True, kw_only=True, tag="cancel_requested"):
    by: str = ""
    reason: str = ""


class Published(Event, frozen=True, kw_only=True, tag="published"):
    """The outputs of a run that has succeeded were copied to the place `to`, or not, and why: `error`.

    files: where each output is, by its name. It changes nothing of how the run has ended.
    """

    to: str
    files: dict[str, str] = msgspec.field(default_factory=dict)
    error: str = ""


class RunBroken(Event, frozen=True, kw_only=True, tag="run_broken"):
    """Taking an event of the run fails, however often it is tried: the run is over, and nobody else's harmed."""

    message: str


AnyEvent: TypeAlias = (
    RunStarted
    | GrantsSet
    | ChunkAccepted
    | ChunkRefused
    | ChunkSeen
    | AttemptSucceeded
    | AttemptFailed
    | ChunkLost
    | ResultsFound
    | ResultsMissing
    | TimerFired
    | CancelRequested
    | Published
    | RunBroken
)
