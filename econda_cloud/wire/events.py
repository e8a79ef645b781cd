"""What can happen to a run. Events arrive at least once, in any order; `step` must not care.

Names are in the past tense. An entry of the log is the events of one step and the time they were taken in.
All times are milliseconds since the epoch.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from econda_edsl.plan import FailureKind

from econda_cloud.money.prices import Price

ENGINE_VERSION = 1

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


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the broker thought of one offer. `refused` names the clause; else `score` (nano-dollars) ranks it."""

    offer: str
    score: int | None = None
    cost: int | None = None
    refused: str = ""
    chosen: bool = False


class AttemptsPlaced(Event, frozen=True, kw_only=True, tag="attempts_placed"):
    """The broker chose an offer for a chunk of alike attempts; they will be dispatched under the name `chunk`.

    cpu_milli, memory (bytes), gpu: what each attempt reserves.
    lender: the chunk in whose place this one was started eagerly, without asking the broker, which keeps that place
    for the attempts in `lent` until this chunk is over; its lease is the lender's.
    """

    chunk: str
    pool: str
    offer: str
    spot: bool
    price: Price
    memory: int
    items: tuple[Item, ...]
    lease_ms: int
    cpu_milli: int = 0
    gpu: int = 0
    verdicts: tuple[Verdict, ...] = ()
    lender: str = ""
    lent: tuple[Item, ...] = ()


class ChunkDispatched(Event, frozen=True, kw_only=True, tag="chunk_dispatched"):
    """The pool has taken the chunk; `handle` is the pool's own name for it, needed to cancel."""

    chunk: str
    handle: str


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
    """Whoever ran the chunk is gone; attempts of it that have not reported are lost or preempted."""

    chunk: str
    failure: FailureKind
    message: str
    index: int | None = None
    handle: str = ""


class PlacementRefused(Event, frozen=True, kw_only=True, tag="placement_refused"):
    """No pool of the team can ever take these attempts."""

    items: tuple[Item, ...]
    message: str


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


AnyEvent: TypeAlias = (
    RunStarted
    | AttemptsPlaced
    | ChunkDispatched
    | AttemptSucceeded
    | AttemptFailed
    | ChunkLost
    | PlacementRefused
    | ResultsFound
    | ResultsMissing
    | TimerFired
    | CancelRequested
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a run's log."""

    engine: int
    now: int
    events: tuple[AnyEvent, ...]


_decode_entry = msgspec.json.Decoder(Entry)
_encode = msgspec.json.Encoder()


def decode_entry(data: bytes) -> Entry:
    """Read a log record. Raises `msgspec.ValidationError`."""
    return _decode_entry.decode(data)


def encode_entry(entry: Entry) -> bytes:
    return _encode.encode(entry)
