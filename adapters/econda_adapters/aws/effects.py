"""What a team's scheduler does to the world, on AWS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from econda_edsl.plan import Plan, Policy

from econda_adapters.aws.batch_pool import BatchPool
from econda_adapters.aws.lambda_pool import LambdaPool
from econda_adapters.aws.refusals import answered
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.sqs_queue import SqsQueue
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, TeamPools
from econda_adapters.aws.timers import Timers
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.ports.pool import Accepted, Answer, Refused
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_rounds import store_policy
from econda_cloud.schedule.effects import Handing
from econda_cloud.schedule.messages import BROKER, write_broker_message, write_message
from econda_cloud.schedule.results import Results, Spread
from econda_cloud.schedule.status import StatusBoard, publish_outputs, show_broken
from econda_cloud.wire.broker import BrokerWoken
from econda_cloud.wire.commands import CancelAttempts, Keep, LookAfter, LookUp
from econda_cloud.wire.events import AnyEvent, ChunkSeen, GrantsSet, TimerFired
from econda_cloud.wire.grants import RunTold
from econda_cloud.worker.reports.claims import note_cancelled, who_claimed

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack

LOOK_MS = 120_000
"""A chunk that somebody has is looked after again after so long."""


class AwsEffects:
    """Raises botocore's `ClientError` for what is not answered by itself; the effect is then repeated.

    `spread` is how many requests are made: side by side, or one by one.
    """

    def __init__(
        self,
        stack: Stack,
        clients: Clients,
        pools: TeamPools,
        log: Log,
        blobs: BlobStore,
        spread: Spread = side_by_side,
    ) -> None:
        self._spread = spread
        self._targets, self._log, self._blobs = pools.targets, log, blobs
        self.board = StatusBoard(blobs)
        self._results = Results(blobs, spread)
        self._timers = Timers(stack, clients)
        self._broker = SqsQueue(stack.broker_queue, clients)
        self._lambda, self._batch = LambdaPool(clients, blobs), BatchPool(clients, blobs)
        self._policies: set[str] = set()

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        return list(self._spread(self._hand_over, work))

    def _hand_over(self, handing: Handing) -> Answer:
        match self._targets.get(handing.command.offer):
            case FunctionTarget() as target:
                return answered(lambda: self._lambda.invoke(handing.command, handing.chunk, target, lone=handing.lone))
            case QueueTarget() as target:
                return answered(lambda: Accepted(self._batch.submit_job(handing.command, handing.chunk, target)))
            case None:
                # Lent by an older version of the stack.
                return Refused(f"the offer {handing.command.offer} was taken away")

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        """Workers look for the note; jobs are ended as well, because they may wait for hours before they look."""
        del state
        for command in commands:
            note_cancelled(self._log, command.chunk, command.items)
            if isinstance(self._targets.get(command.offer), QueueTarget):
                self._batch.cancel(command)

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        del state
        owner = who_claimed(self._log, command.chunk)
        return [ChunkSeen(chunk=command.chunk, until_ms=command.placed_ms + LOOK_MS)] if owner else []

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        return self._results.look_up(plan, state, commands)

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        self._results.keep(plan, state, commands)

    def tell_broker(self, told: Sequence[tuple[RunTold, Policy | None]]) -> None:
        for each, policy in told:
            if policy is not None and each.terms is not None and each.terms.policy not in self._policies:
                store_policy(self._blobs, each.terms.policy, policy)
                self._policies.add(each.terms.policy)
        self._broker.send([write_broker_message([each], self._blobs) for each, _ in told], group=BROKER)

    def wake(self, run: str, at_ms: int, now: int) -> None:
        self._timers.at(at_ms, write_message(run, [TimerFired(at_ms=at_ms)], self._blobs), now)

    def finished(self, state: RunState, seq: int) -> None:
        """The last status first: to copy outputs may take long, and fail."""
        self.board.show(state, seq, state.now)
        publish_outputs(self._blobs, state)

    def broken(self, namespace: str, run: str, message: str) -> None:
        show_broken(self._blobs, namespace, run, message)


class AwsBrokerEffects:
    """What a team's broker does to the world, on AWS."""

    def __init__(self, stack: Stack, clients: Clients, blobs: BlobStore) -> None:
        self._events, self._blobs = SqsQueue(stack.events_queue, clients), blobs
        self._timers = Timers(stack, clients)

    def answer(self, answers: Sequence[tuple[str, GrantsSet]]) -> None:
        self._events.send_grouped([(run, write_message(run, [answer], self._blobs)) for run, answer in answers])

    def wake_broker(self, at_ms: int, now: int) -> None:
        self._timers.at(at_ms, write_broker_message([BrokerWoken(at_ms=at_ms)], self._blobs), now)
