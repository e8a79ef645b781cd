"""Warm processes of a simulated team's functions: of `schedule`, and of the broker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from econda_adapters.aws.effects import AwsBrokerEffects, AwsEffects
from econda_adapters.aws.stack import Stack

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.ports.log import Log
from econda_cloud.ports.pool import PoolUnavailable
from econda_cloud.schedule.broker_rounds import BrokerRounds, stored_policy
from econda_cloud.schedule.messages import BadMessage, BrokerEvents, read_message
from econda_cloud.schedule.rounds import Rounds, Taking
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.simulate.processes import skewed
from econda_cloud.simulate.queues import Delivered
from econda_cloud.simulate.stores import ProcessBlobs, ProcessLog
from econda_cloud.wire.broker import AnyBrokerEvent
from econda_cloud.wire.entries import FromTheFuture
from tests.simulation.clients import CloudClients
from tests.simulation.poison import raise_at_times
from tests.simulation.versions import NewerLog, message_of, newer_message
from tests.simulation.workers import TOKENS

if TYPE_CHECKING:
    from tests.simulation.line import Line

TEAM = "t"
STACK = Stack(team=TEAM, region="", bucket="", table="", uploads_queue="", events_queue="events", broker_queue="broker",
              notices_queue="notices", notices_queue_arn="", lost_queue="", dead_letters_queue="", dead_grouped_queue="", schedule_group="",
              schedule_role="", gateway="https://gateway")  # fmt: skip


class Warm:
    """One warm process of the function `schedule`, put together as `team_rounds` does."""

    def __init__(self, line: Line, pause: Callable[[str], None], *, newer: bool) -> None:
        self._line, self.newer, self.clock = line, newer, skewed(line.agenda, line.chance)
        log, blobs = log_of(line, pause, newer=newer), ProcessBlobs(line.blobs, pause)
        clients: Any = CloudClients(line.cloud, line.jobs, pause, newer_message if newer else str)
        effects = AwsEffects(STACK, clients, line.pools, log, blobs, Assigner(STACK.gateway, TOKENS, blobs),
                             spread=_one_by_one, clock=self.clock)  # fmt: skip
        self.rounds = Rounds(log, partial(stored_plan, blobs), effects, blobs, snapshot_every=line.snapshot_every)

    def take(self, takings: list[Taking]) -> tuple[set[str], dict[str, str]]:
        """The runs that were dealt with, and those that were refused, with the reason."""
        if any(taking.run == self._line.poisoned for taking in takings):
            raise_at_times(self.rounds.history(self._line.poisoned), self._line.poisoned)
        outcomes = self.rounds.take(takings, self.clock)
        for run in outcomes.done:
            history = self.rounds.history(run)
            if history.state is not None:
                self._line.witness.agrees(run, history.state, history.seq)
        for run, error in outcomes.later.items():
            self._line.agenda.tell(f"{run} is taken later: {type(error).__name__}: {error}")
            if not isinstance(error, OSError | PoolUnavailable | FromTheFuture):
                raise AssertionError(f"{run} cannot be taken: {type(error).__name__}: {error}") from error
            if isinstance(error, FromTheFuture) and self.newer:
                raise AssertionError(f"the newer version leaves {run} to a newer one: {error}") from error
        for run, reason in outcomes.refused.items():
            self._line.agenda.tell(f"{run} is refused: {reason}")
        return {*outcomes.done}, outcomes.refused


def log_of(line: Line, pause: Callable[[str], None], *, newer: bool) -> Log:
    """A process's way to the log, in its version."""
    log = ProcessLog(line.log, line.chance, pause)
    return NewerLog(log) if newer else log


def _one_by_one(ask: Callable[[Any], Any], items: Any) -> list[Any]:
    return [ask(item) for item in items]


class WarmBroker:
    """The one warm process of the function `broker`."""

    def __init__(self, line: Line, pause: Callable[[str], None], *, newer: bool) -> None:
        self._line, self.newer = line, newer
        blobs = ProcessBlobs(line.blobs, pause)
        clients: Any = CloudClients(line.cloud, line.jobs, pause, newer_message if newer else str)
        self._rounds = BrokerRounds(log_of(line, pause, newer=newer), TEAM, AwsBrokerEffects(STACK, clients, blobs),
                                    partial(stored_policy, blobs), blobs, snapshot_every=line.snapshot_every)  # fmt: skip
        self._rounds.declare(line.pools.pools, line.agenda.now)

    def take(self, batch: list[Delivered]) -> None:
        """As `econda_functions.broker` does: a message that cannot be read is buried; if the world fails, all come again."""
        events = [event for message in batch for event in self._read(message.body)]
        self._rounds.take(events, self._line.agenda.now, again=any(message.receives > 1 for message in batch))
        history = self._rounds.history
        self._line.witness.broker_agrees(history.state, history.seq)

    def _read(self, body: str) -> tuple[AnyBrokerEvent, ...]:
        try:
            message = read_message(message_of(body) if self.newer else body, self._line.blobs)
        except BadMessage as error:
            self._line.bury(body, f"broker: {error}")
            return ()
        if isinstance(message, BrokerEvents):
            return message.events
        self._line.bury(body, "broker: it is about a run")
        return ()
