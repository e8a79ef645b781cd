"""The services of AWS that hand work to workers, as clients of boto3 reach them: functions, Batch jobs, schedules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.messages import BROKER
from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.bills import Bill, Rate, Use
from econda_cloud.simulate.chance import Chance
from econda_cloud.simulate.processes import Process, Steps
from econda_cloud.simulate.queues import GroupedQueue, StandardQueue
from econda_cloud.wire.assignment import Assignment, decode_assignment

FUNCTION_LIMIT_MS = 900_000
WARM_MS = 300_000
"""A sandbox of a function that is not used for so long is gone."""

FUNCTION = "aws.lambda"

Start = Callable[[str, str, Assignment, int | None, int | None, Callable[[], bool], Use], Steps]
"""Makes a worker's steps from its name, its job's handle, its assignment, index, deadline, a look at whether its host
goes away, and what is billed for it."""


@dataclass
class Cloud:
    """What is common to all processes of the world. `rates`: what each offer costs now; `warm`: until when idle sandboxes
    of functions are kept."""

    agenda: Agenda
    chance: Chance
    events: GroupedQueue
    broker: GroupedQueue
    notices: StandardQueue
    blobs: MemoryBlobs
    start: Start
    rates: Callable[[], dict[str, Rate | None]]
    bill: Bill = field(default_factory=Bill)
    names: int = 0
    warm: list[int] = field(default_factory=list)
    schedules: set[str] = field(default_factory=set)

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}-{self.names}"

    def send(self, queue: str, body: str, delay_ms: int, group: str) -> None:
        match queue:
            case "events":
                self.events.send(group, body)
            case "broker":
                self.broker.send(BROKER, body)
            case "notices":
                self.notices.send(body, delay_ms)
            case _:
                raise AssertionError(f"there is no queue {queue}")

    # Functions -------------------------------------------------------------------------------------------------

    def invoke(self, payload: bytes) -> str:
        request = self.name("fn")
        if self.chance.hits("vanish"):
            self.agenda.tell(f"{request}: vanished")
        elif self.chance.hits("lost"):
            self.agenda.after(
                self.chance.between("fn", 1, 900), f"{request} fails", lambda: self._failed(request, payload)
            )
        else:
            for _ in range(1 + self.chance.hits("duplicate")):
                self._begin_function(request, payload)
        return request

    def _begin_function(self, request: str, payload: bytes) -> None:
        name, assignment, now = self.name("worker"), decode_assignment(payload), self.agenda.now
        self.warm = [until for until in self.warm if until > now]
        wait = self.chance.between("fn", 20, 2_000)
        # Waiting is free where a sandbox is warm; to start one is not.
        init = 0 if self.warm else wait
        if self.warm:
            self.warm.pop()
        deadline = now + wait + FUNCTION_LIMIT_MS
        use = Use(FUNCTION, assignment.chunk, self.rates().get(FUNCTION), now + wait - init, init)
        self.bill.invocations.append(use)
        steps = self.start(name, request, assignment, None, deadline, lambda: False, use)

        def ended(reason: str) -> None:
            # Killed before it has begun, it was there for nothing.
            use.ended_ms = max(self.agenda.now, use.begun_ms + use.init_ms)
            if reason:
                self._failed(request, payload)
            else:
                self.warm.append(self.agenda.now + WARM_MS)

        process = Process(self.agenda, self.chance, f"{name} runs {assignment.chunk}", steps, ended)
        self.agenda.after(wait, process.name, process.resume)

    def _failed(self, request: str, payload: bytes) -> None:
        body = {"requestPayload": json.loads(payload), "responsePayload": {"errorMessage": "it ended"},
                "requestContext": {"requestId": request}}  # fmt: skip
        self.tell(json.dumps(body))

    def tell(self, body: str) -> None:
        """The word of something that died: it may come late, and twice."""
        for _ in range(1 + self.chance.hits("late")):
            late = self.chance.between("late", 0, 300_000) if self.chance.hits("late") else 5
            self.notices.send(body, late)

    # Schedules -------------------------------------------------------------------------------------------------

    def schedule(self, name: str, when: str, body: str) -> None:
        if name in self.schedules:
            raise ScheduleExists(name)
        self.schedules.add(name)
        at = datetime.strptime(when, "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        self.notices.send(body, round(at.timestamp() * 1000) - self.agenda.now)


class ScheduleExists(Exception):
    """What the real service calls ConflictException."""
