"""The functions of a simulated team: schedulers side by side and a broker, each warm until it dies or is deployed anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from econda_adapters.aws.lambda_pool import lost_invocation

from econda_cloud.schedule.looking_after import believed
from econda_cloud.schedule.messages import BROKER, BadMessage, RunEvents, read_message
from econda_cloud.schedule.rounds import Taking
from econda_cloud.simulate.queues import Delivered
from econda_cloud.simulate.stores import Killed, Throttled
from econda_cloud.wire.entries import FromTheFuture
from econda_cloud.wire.events import AnyEvent, ChunkLost
from tests.simulation.versions import message_of
from tests.simulation.warm import Warm, WarmBroker

if TYPE_CHECKING:
    from tests.simulation.line import Line

SIDE_BY_SIDE = 3
STALL_MS = 20_000
"""How long a scheduler pauses at most: far less than its messages are hidden from others."""


class Schedulers:
    """Hands batches of messages to processes."""

    def __init__(self, line: Line) -> None:
        self._line, self._depth = line, 0
        self._warm: list[Warm | None] = [None] * SIDE_BY_SIDE
        self._newer = [False] * SIDE_BY_SIDE
        self._broker: WarmBroker | None = None
        self._broker_newer = False
        self._busy: set[int] = set()

    def deploy(self) -> None:
        """Idle processes of the old version are gone; those at work finish what they do."""
        self._warm, self._broker = [None] * SIDE_BY_SIDE, None

    def upgrade(self, place: int) -> None:
        """From now on this place, or the broker, is of the newer version; what is at work finishes what it does."""
        if place < SIDE_BY_SIDE:
            self._newer[place] = True
        else:
            self._broker_newer = True

    # Schedulers ------------------------------------------------------------------------------------------------

    def deliver(self, batch: list[Delivered]) -> list[Delivered] | None:
        """One invocation with messages in no order. Those that were dealt with; None if it died, and nobody knows."""
        return self._invocation(batch, unsure=True)

    def deliver_grouped(self, batch: list[Delivered]) -> list[Delivered] | None:
        return self._invocation(batch, unsure=False)

    def _invocation(self, batch: list[Delivered], *, unsure: bool) -> list[Delivered] | None:
        free = [place for place in range(SIDE_BY_SIDE) if place not in self._busy]
        if not free:
            return []
        place = self._line.chance.stream("place").choice(free)
        self._busy.add(place)
        try:
            warm = self._warm[place]
            if warm is None or warm.newer != self._newer[place]:
                warm = self._warm[place] = Warm(
                    self._line, lambda name: self._pause(place, name), newer=self._newer[place]
                )
            return self._taken(warm, batch, unsure=unsure)
        except Killed:
            self._warm[place] = None
            return None
        except Throttled:
            self._warm[place] = None
            return []
        finally:
            self._busy.discard(place)

    def _taken(self, warm: Warm, batch: list[Delivered], *, unsure: bool) -> list[Delivered]:
        """As `econda_functions.schedule` does: a message that cannot be read is buried, one of the future put off, and
        with it those behind it in its group.
        """
        groups: dict[str, list[tuple[Delivered, list[AnyEvent]]]] = {}
        passed: list[Delivered] = []
        for message in batch:
            try:
                found = self._read(message_of(message.body) if warm.newer else message.body)
            except BadMessage as error:
                self._line.bury(message.body, f"schedule: {error}")
                passed.append(message)
            except FromTheFuture as error:
                self._line.agenda.tell(f"a message is put off: {error}")
                if not unsure:
                    break
            else:
                if found is None:
                    passed.append(message)
                else:
                    groups.setdefault(found[0], []).append((message, found[1]))
        takings = [
            Taking(run, tuple(e for _, each in group for e in each), any(m.receives > 1 for m, _ in group), unsure)
            for run, group in groups.items()
        ]
        done, refused = warm.take(takings)
        for run, reason in refused.items():
            for message, _ in groups[run]:
                self._line.bury(message_of(message.body), f"schedule: {reason}")
        return passed + [message for run in {*done, *refused} for message, _ in groups[run]]

    def _read(self, body: str) -> tuple[str, list[AnyEvent]] | None:
        if '"requestPayload"' in body:
            lost = lost_invocation(json.loads(body))
            assert lost is not None
            return self._if_believed(*lost)
        message = read_message(body, self._line.blobs)
        if not isinstance(message, RunEvents):
            self._line.broker_queue.send(BROKER, body)
            return None
        if len(message.events) == 1 and isinstance(message.events[0], ChunkLost):
            return self._if_believed(message.run, message.events[0])
        return message.run, list(message.events)

    def _if_believed(self, run: str, lost: ChunkLost) -> tuple[str, list[AnyEvent]] | None:
        about = believed(lost, self._line.log, self._line.agenda.now)
        return (run, [about]) if about is not None else None

    # The broker ------------------------------------------------------------------------------------------------

    def deliver_broker(self, batch: list[Delivered]) -> list[Delivered] | None:
        line = self._line
        try:
            if self._broker is None or self._broker.newer != self._broker_newer:
                self._broker = WarmBroker(line, lambda name: self._pause(SIDE_BY_SIDE, name), newer=self._broker_newer)
            self._broker.take(batch)
        except Killed:
            self._broker = None
            return None
        except FromTheFuture as error:
            line.agenda.tell(f"the broker waits: {error}")
            return []
        except Throttled:
            return []
        return batch

    # Faults ----------------------------------------------------------------------------------------------------

    def _pause(self, place: int, name: str) -> None:
        line = self._line
        line.agenda.tell(f"  scheduler {place}: {name}")
        if line.chance.hits("stall") and self._depth < SIDE_BY_SIDE - 1:
            line.agenda.tell(f"  scheduler {place} pauses")
            self._depth += 1
            until = line.agenda.now + STALL_MS
            for _ in range(line.chance.between("stall", 1, 8)):
                if (due := line.agenda.next_ms) is not None and due < until:
                    line.agenda.turn()
            self._depth -= 1
            line.agenda.tell(f"  scheduler {place} goes on")
        if line.chance.hits("crash"):
            line.agenda.tell(f"  scheduler {place} dies before it could {name}")
            raise Killed
        line.outages.check(name)
        if line.chance.hits("throttle"):
            raise Throttled(name)
