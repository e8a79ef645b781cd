"""What a team's scheduler does to the world, on AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from econda_edsl.plan import Plan, Policy

from econda_adapters.aws.lambda_pool import REFUSALS
from econda_adapters.aws.publishing import Publishing
from econda_adapters.aws.refusals import answer_to
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.sqs_queue import SqsQueue
from econda_adapters.aws.stack import TeamPools
from econda_adapters.aws.timers import Timers
from econda_adapters.clock import now_ms
from econda_adapters.drivers import Drivers, submission
from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.cancellations import note_cancelled
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.ports.pool import Accepted, Answer, Later, Refused
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_rounds import store_policy
from econda_cloud.schedule.effects import Handing
from econda_cloud.schedule.looking_after import looked_after
from econda_cloud.schedule.messages import BROKER, write_broker_message, write_message
from econda_cloud.schedule.results import Results, Spread
from econda_cloud.schedule.status import StatusBoard, publish_outputs, show_broken
from econda_cloud.wire.assignment import encode_assignment
from econda_cloud.wire.broker import BrokerWoken
from econda_cloud.wire.chunk import encode_chunk
from econda_cloud.wire.commands import CancelAttempts, Keep, LookAfter, LookUp, Publish
from econda_cloud.wire.events import AnyEvent, GrantsSet, Published, TimerFired
from econda_cloud.wire.grants import RunTold

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack

ENVELOPE = 1_500
"""Bytes of an assignment beside its document: names, the gateway's address and a token."""


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
        assigner: Assigner,
        spread: Spread = side_by_side,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._assigner, self._spread, self._clock = assigner, spread, clock
        self._log, self._blobs = log, blobs
        self._board = StatusBoard(blobs)
        self._results = Results(blobs, spread)
        self._timers = Timers(stack, clients)
        self._broker = SqsQueue(stack.broker_queue, clients)
        self._drivers = Drivers(pools, clients)
        self._policies: set[str] = set()
        self._clients, self._publisher = clients, stack.publisher

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        return list(self._spread(self._hand_over, work))

    def _hand_over(self, handing: Handing) -> Answer:
        """Errors of the world are answered as such by the drivers; those of the store put the chunk off."""
        command, chunk = handing.command, handing.chunk
        found = self._drivers.of(command.pool, command.offer)
        if found is None:
            # Lent by an older version of the stack.
            return Refused(f"the offer {command.offer} was taken away")
        driver, target = found
        can = driver.capabilities()
        array = can.arrays and command.size > 1
        try:
            # What does not fit is stored, and so is what members of an array find their places in.
            inline = not array and len(encode_chunk(chunk)) + ENVELOPE <= can.assignment_most
            made = self._assigner.assign(chunk, self._clock(), inline=inline, array=array, lone=handing.lone)
        except Exception as error:
            return Later(f"{type(error).__name__}: {error}"[:500])
        [answer] = driver.submit([submission(command, chunk, target, encode_assignment(made), made.size)])
        if isinstance(answer, Accepted) and can.cancels == "never":
            # A handle that nothing can be done with is not worth a record.
            return Accepted("")
        return answer

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        """Workers look for the note; jobs are ended as well, because they may wait for hours before they look."""
        del state
        for command in commands:
            note_cancelled(self._log, command.chunk, command.items)
            found = self._drivers.of(command.pool, command.offer)
            if found is not None and (command.handle or found[0].capabilities().cancels == "by_chunk"):
                found[0].cancel(command.handle or command.chunk, None if command.whole else command.members)

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        del state
        found = self._drivers.of(command.pool, command.offer)
        return looked_after(command, self._log, found[0] if found else None, self._clock())

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

    def show(self, plan: Plan, state: RunState, seq: int) -> None:
        try:
            self._board.show(state, seq, plan)
        except Exception:
            if state.outcome is not None:
                raise

    def finished(self, plan: Plan, state: RunState, seq: int) -> None:
        """The last status first: to copy outputs may take long, and fail."""
        self._board.show(state, seq, plan)
        publish_outputs(self._blobs, state, plan)

    def publish(self, state: RunState, command: Publish) -> Sequence[AnyEvent]:
        """By a function that may write elsewhere, and nothing else; it tells the run what has become of that."""
        asked = Publishing(publish=command.to, namespace=state.namespace, run=state.run)
        try:
            self._clients("lambda").invoke(
                FunctionName=self._publisher, InvocationType="Event", Payload=msgspec.json.encode(asked)
            )
        except Exception as error:
            if isinstance(refused := answer_to(error, REFUSALS), Refused):
                return [Published(to=command.to, error=f"the stack cannot publish: {refused.why}"[:1_000])]
            raise
        return []

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
