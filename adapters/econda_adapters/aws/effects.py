"""What a team's scheduler does to the world, on AWS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from econda_edsl.plan import Plan

from econda_adapters.aws.batch_pool import BatchPool
from econda_adapters.aws.gateway import team_assigner
from econda_adapters.aws.lambda_pool import Invocation, LambdaPool
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, TeamPools
from econda_adapters.aws.timers import Timers
from econda_cloud.gateway.cancellations import note_cancelled
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.run.state import RunState
from econda_cloud.schedule.messages import write_message
from econda_cloud.schedule.ready import ready_chunks
from econda_cloud.schedule.results import Results
from econda_cloud.schedule.status import StatusBoard, publish_outputs
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import CancelAttempts, Dispatch, Keep, LookUp
from econda_cloud.wire.events import AnyEvent, ChunkLost, TimerFired

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack


class AwsEffects:
    """Raises botocore's `ClientError`; the scheduler's message is then delivered again and the effect repeated."""

    def __init__(self, stack: Stack, clients: Clients, pools: TeamPools, log: Log, blobs: BlobStore) -> None:
        self._targets, self._log, self._blobs = pools.targets, log, blobs
        self.board = StatusBoard(blobs)
        self._results = Results(blobs, side_by_side)
        self._timers = Timers(stack, clients)
        assigner = team_assigner(stack, clients, blobs)
        self._lambda, self._batch = LambdaPool(clients, assigner), BatchPool(clients, blobs, assigner)

    def dispatch(self, plan: Plan, state: RunState, commands: Sequence[Dispatch]) -> Sequence[AnyEvent]:
        ready, known = ready_chunks(plan, state, commands)
        functions: list[Invocation] = []
        queues: list[tuple[Dispatch, Chunk, QueueTarget]] = []
        for command, chunk in ready:
            match self._targets.get(command.offer):
                case FunctionTarget() as target:
                    functions.append((command, chunk, target))
                case QueueTarget() as target:
                    queues.append((command, chunk, target))
                case None:
                    # Placed by an older version of the stack; the attempts are asked for again.
                    message = f"the offer {command.offer} was taken away"
                    known.append(ChunkLost(chunk=command.chunk, failure="lost", message=message))
        if functions:
            known += self._lambda.submit(functions)
        if queues:
            known += self._batch.submit(queues)
        return known

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        """Workers look for the note; jobs are ended as well, because they may wait for hours before they look."""
        for command in commands:
            note_cancelled(self._log, command.chunk, command.items)
            if command.pool.startswith("aws.batch"):
                self._batch.cancel(state.namespace, state.run, command)

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        return self._results.look_up(plan, state, commands)

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        self._results.keep(plan, state, commands)

    def wake(self, run: str, at_ms: int, now: int) -> None:
        self._timers.at(at_ms, write_message(run, [TimerFired(at_ms=at_ms)], self._blobs), now)

    def finished(self, state: RunState, seq: int) -> None:
        """The last status is written here and not only where all statuses are: the scheduler may die in between, and
        a run that ended because of another one's message has none of its own to come again.
        """
        publish_outputs(self._blobs, state)
        self.board.show(state, seq)
