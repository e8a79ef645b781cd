"""From commands to chunks: what is handed to pools, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Plan

from econda_cloud.run.state import RunState
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import AnyEvent, AttemptFailed


def ready_chunks(
    plan: Plan, state: RunState, commands: Sequence[Dispatch]
) -> tuple[list[tuple[Dispatch, Chunk]], list[AnyEvent]]:
    """The chunks to hand over, and failures of attempts whose arguments cannot be put together.

    Chunks none of whose attempts is wanted any more are left out.
    """
    ready: list[tuple[Dispatch, Chunk]] = []
    failed: list[AnyEvent] = []
    for command in commands:
        try:
            chunk = chunk_of(plan, state, command)
        except EvaluationError as error:
            message = f"its arguments cannot be put together: {error}"
            failed += [
                AttemptFailed(instance=instance, attempt=attempt, failure="failed", message=message)
                for instance, attempt in command.items
            ]
            continue
        if chunk is not None:
            ready.append((command, chunk))
    return ready, failed
