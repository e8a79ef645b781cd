"""The schedulers of a simulated team: several side by side, each warm until it dies or a new version is deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from econda_adapters.aws.batch_pool import BatchPool
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.lambda_pool import Invocation, LambdaPool, lost_invocation
from econda_adapters.aws.stack import Stack
from econda_edsl.plan import decode_plan

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.schedule.messages import read_message
from econda_cloud.schedule.results import Results
from econda_cloud.schedule.scheduler import Scheduler, UnknownRun
from econda_cloud.schedule.status import StatusBoard
from econda_cloud.wire.events import AnyEvent, ChunkDispatched
from econda_cloud.wire.keys import plan_key
from tests.simulation.clients import CloudClients
from tests.simulation.event_queue import Delivered
from tests.simulation.processes import skewed
from tests.simulation.stores import Killed, ProcessBlobs, ProcessLog, Throttled
from tests.simulation.workers import TOKENS

if TYPE_CHECKING:
    from tests.simulation.line import Line

TEAM = "t"
STACK = Stack(team=TEAM, region="", bucket="", table="", uploads_queue="", events_queue="events", events_queue_arn="",
              dead_letters_queue="", schedule_group="", schedule_role="", gateway="https://gateway")  # fmt: skip
SIDE_BY_SIDE = 3
STALL_MS = 20_000
"""How long a scheduler pauses at most: far less than its messages are hidden from others."""


class OneByOne(LambdaPool):
    """Invokes without threads."""

    def submit(self, work: Sequence[Invocation]) -> list[ChunkDispatched]:
        return [self._invoke(each) for each in work]


class Warm:
    """One warm process of the function `schedule`, put together as `TeamScheduler` is."""

    def __init__(self, line: Line, pause: Callable[[str], None]) -> None:
        self._line, self._clock = line, skewed(line.agenda, line.chance)
        log, self._blobs = ProcessLog(line.log, line.chance, pause), ProcessBlobs(line.blobs, pause)
        clients = CloudClients(line.cloud, pause)
        effects = AwsEffects(STACK, clients, line.pools, log, self._blobs)  # type: ignore[arg-type]
        effects._results = Results(self._blobs)
        assigner = Assigner(STACK.gateway, TOKENS, self._blobs)
        effects._lambda = OneByOne(clients, assigner)  # type: ignore[arg-type]
        effects._batch = BatchPool(clients, self._blobs, assigner)  # type: ignore[arg-type]
        self.scheduler = Scheduler(log, TEAM, self._plan, effects, self._blobs, snapshot_every=line.snapshot_every)
        self.scheduler.declare(line.pools.pools, self._clock())
        self._board = StatusBoard(self._blobs)

    def _plan(self, namespace: str, run: str):
        plan = self._line.programs[run].plan
        # The stored one is the same but for its identity, by which plans are indexed: that would take long each time.
        assert decode_plan(self._blobs.get(plan_key(namespace, run))).digest == plan.digest
        return plan

    def take(self, run: str, events: list[AnyEvent], again: bool) -> None:
        now = self._clock()
        changed = self.scheduler.take(run, events, now)
        if again:
            changed |= self.scheduler.repeat(run, now)
        for name in sorted(changed):
            state = self.scheduler.state(name)
            if state is not None:
                self._board.show(state, self.scheduler.seq(name))
                self._line.witness.agrees(name, state, self.scheduler.seq(name))
        broker = self.scheduler._broker
        self._line.witness.broker_agrees(broker.state, broker.seq)


class Schedulers:
    """Hands batches of messages to processes."""

    def __init__(self, line: Line) -> None:
        self._line, self._depth = line, 0
        self._warm: list[Warm | None] = [None] * SIDE_BY_SIDE
        self._busy: set[int] = set()

    def deploy(self) -> None:
        """Idle processes of the old version are gone; those at work finish what they do."""
        self._warm = [None] * SIDE_BY_SIDE

    def deliver(self, batch: list[Delivered]) -> list[Delivered] | None:
        """One invocation. The messages that were dealt with; None if it died, and nobody knows."""
        free = [place for place in range(SIDE_BY_SIDE) if place not in self._busy]
        if not free:
            return []
        place = self._line.chance.stream("place").choice(free)
        self._busy.add(place)
        warm = self._warm[place]
        try:
            if warm is None:
                warm = Warm(self._line, lambda name: self._pause(place, name))
            done = self._invocation(warm, batch)
        except Killed:
            self._warm[place] = None
            return None
        except Throttled:
            self._warm[place] = None
            return []
        finally:
            self._busy.discard(place)
        self._warm[place] = warm
        return done

    def _invocation(self, warm: Warm, batch: list[Delivered]) -> list[Delivered]:
        groups: dict[str, list[tuple[Delivered, list[AnyEvent]]]] = {}
        for message in batch:
            run, events = self._read(message.body)
            groups.setdefault(run, []).append((message, events))
        done: list[Delivered] = []
        for run, group in groups.items():
            events = [event for _, each in group for event in each]
            try:
                warm.take(run, events, any(message.receives > 1 for message, _ in group))
            except Throttled as error:
                self._line.agenda.tell(f"throttled: {error}")
                continue
            except UnknownRun:
                self._line.agenda.tell(f"{run} is not known yet")
            done += [message for message, _ in group]
        return done

    def _read(self, body: str) -> tuple[str, list[AnyEvent]]:
        if '"requestPayload"' in body:
            lost = lost_invocation(json.loads(body))
            assert lost is not None
            return lost[0], [lost[1]]
        message = read_message(body, self._line.blobs)
        return message.run, list(message.events)

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
        if line.chance.hits("throttle"):
            raise Throttled(name)
