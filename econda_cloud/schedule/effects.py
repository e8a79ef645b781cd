"""What a scheduler can do to the world. Each may be repeated, and then changes nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from econda_edsl.plan import Plan, Policy

from econda_cloud.ports.pool import Answer
from econda_cloud.run.state import RunState
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import CancelAttempts, Dispatch, Keep, LookAfter, LookUp, Publish
from econda_cloud.wire.events import AnyEvent
from econda_cloud.wire.grants import RunTold


@dataclass(frozen=True)
class Handing:
    """A chunk to be handed to the pool that its command names. lone: nothing else of its run is at work."""

    command: Dispatch
    chunk: Chunk
    lone: bool = False


class Effects(Protocol):
    """Raises whatever the world raises; then the message that led to it is delivered again, and the effect repeated."""

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        """Hand chunks of any runs to their pools; an answer to each, whatever becomes of the others."""
        ...

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None: ...

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        """Who has a chunk, if anybody can tell."""
        ...

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        """Answer at once whether results are kept."""
        ...

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None: ...

    def tell_broker(self, told: Sequence[tuple[RunTold, Policy | None]]) -> None:
        """Tell the broker about runs, each with its policy."""
        ...

    def wake(self, run: str, at_ms: int, now: int) -> None: ...

    def show(self, plan: Plan, state: RunState, seq: int) -> None:
        """Write the status of a run. Raises only for one that has ended: what cannot be written before is written next time."""
        ...

    def finished(self, plan: Plan, state: RunState, seq: int) -> None:
        """Publish how a run ended."""
        ...

    def publish(self, state: RunState, command: Publish) -> Sequence[AnyEvent]:
        """Copy the outputs of a run that has succeeded. What becomes of that is answered at once, or told later."""
        ...

    def broken(self, namespace: str, run: str, message: str) -> None:
        """Say where the run's user looks that nothing more can be done for it."""
        ...
