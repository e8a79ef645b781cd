"""What a run wants done: read off its state (`run.pending`), and repeated until the state shows that it is done.

Each may be carried out twice, and then changes nothing more.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from econda_cloud.wire.events import Item
from econda_cloud.wire.grants import RunTold
from econda_cloud.wire.outcome import Outcome


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """Base of all commands of a run."""


class TellBroker(Command, frozen=True, kw_only=True, tag="tell_broker"):
    """Tell the broker what the run wants and holds."""

    told: RunTold


class Dispatch(Command, frozen=True, kw_only=True, tag="dispatch"):
    """Hand a placed chunk to its pool. cpu_milli, memory (bytes), gpu: what each attempt reserves.

    size: how many attempts it had at first; some may have ended since, if it is handed over again.
    """

    chunk: str
    pool: str
    offer: str
    spot: bool
    items: tuple[Item, ...]
    cpu_milli: int = 0
    memory: int = 0
    gpu: int = 0
    size: int = 1


class CancelAttempts(Command, frozen=True, kw_only=True, tag="cancel_attempts"):
    """Stop attempts of a chunk that a pool may be running. members: their places in the chunk."""

    chunk: str
    pool: str
    offer: str
    handle: str
    items: tuple[Item, ...]
    members: tuple[int, ...] = ()
    whole: bool = True


class LookAfter(Command, frozen=True, kw_only=True, tag="look_after"):
    """See who has a chunk that was not heard of; answered by `ChunkSeen`, `ChunkLost` or not at all.

    here: it was never handed over, but gone on with by whoever ran the one before it.
    """

    chunk: str
    pool: str
    offer: str
    handle: str
    placed_ms: int
    members: tuple[int, ...] = ()
    here: bool = False


class LookUp(Command, frozen=True, kw_only=True, tag="look_up"):
    """See whether results of these calls are kept; answered by `ResultsFound` and `ResultsMissing`."""

    items: tuple[Item, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A result and what it depends on (`fingerprints.Causes`)."""

    instance: str
    causes: dict[str, str]
    outputs: dict[str, Any]


class Keep(Command, frozen=True, kw_only=True, tag="keep"):
    """Keep results for later runs."""

    results: tuple[Kept, ...]


class SetTimer(Command, frozen=True, kw_only=True, tag="set_timer"):
    """Wake this run at `at_ms`."""

    at_ms: int


class ShowStatus(Command, frozen=True, kw_only=True, tag="show_status"):
    """Write the status of the run."""


class FinishRun(Command, frozen=True, kw_only=True, tag="finish_run"):
    """Publish the end of the run."""

    outcome: Outcome


class Publish(Command, frozen=True, kw_only=True, tag="publish"):
    """Copy the outputs of the run, which has succeeded, to this place; answered by `Published`."""

    to: str


AnyCommand: TypeAlias = (
    TellBroker | Dispatch | CancelAttempts | LookAfter | LookUp | Keep | SetTimer | ShowStatus | FinishRun | Publish
)
