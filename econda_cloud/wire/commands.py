"""What the run engine wants done. Idempotent by (run, instance, attempt); repeated whenever a message is redelivered."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from econda_cloud.wire.demand import Demand
from econda_cloud.wire.events import Item
from econda_cloud.wire.outcome import Outcome
from econda_cloud.wire.terms import Terms


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """Base of all commands of a run."""


class RequestPlacement(Command, frozen=True, kw_only=True, tag="request_placement"):
    """Ask the broker to place attempts that are alike in what they need. rank: see `PlacementRequested`."""

    demand: Demand
    items: tuple[Item, ...]
    terms: Terms | None = None
    rank: int = 0


class Dispatch(Command, frozen=True, kw_only=True, tag="dispatch"):
    """Hand a placed chunk to its pool. cpu_milli, memory (bytes), gpu: what each attempt reserves."""

    chunk: str
    pool: str
    offer: str
    spot: bool
    items: tuple[Item, ...]
    cpu_milli: int = 0
    memory: int = 0
    gpu: int = 0


class CancelAttempts(Command, frozen=True, kw_only=True, tag="cancel_attempts"):
    """Stop attempts of a chunk that a pool may be running."""

    chunk: str
    pool: str
    handle: str
    items: tuple[Item, ...]


class Release(Command, frozen=True, kw_only=True, tag="release"):
    """Tell the broker that these attempts hold, or want, no capacity any more."""

    items: tuple[Item, ...]


class LookUp(Command, frozen=True, kw_only=True, tag="look_up"):
    """See whether results of these calls are kept; answered by `ResultsFound` and `ResultsMissing`."""

    items: tuple[Item, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A result and what it depends on (`fingerprints.Causes`)."""

    instance: str
    causes: dict[str, str]
    outputs: dict[str, Any]


class Keep(Command, frozen=True, kw_only=True, tag="keep"):
    """Keep results for later runs. Not repeated after a crash: a result that is lost is only made again."""

    results: tuple[Kept, ...]


class SetTimer(Command, frozen=True, kw_only=True, tag="set_timer"):
    """Wake this run at `at_ms`."""

    at_ms: int


class FinishRun(Command, frozen=True, kw_only=True, tag="finish_run"):
    """Publish the end of the run."""

    outcome: Outcome


AnyCommand: TypeAlias = RequestPlacement | Dispatch | CancelAttempts | Release | LookUp | Keep | SetTimer | FinishRun
