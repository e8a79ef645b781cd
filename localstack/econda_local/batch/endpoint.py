"""The endpoint at work: carries out what the engine decides, and tells the engine what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
import uuid
from dataclasses import dataclass
from typing import Any

from econda_local.batch import container
from econda_local.batch.account import Account
from econda_local.batch.endings import attempt_end, instance_id
from econda_local.batch.engine import Changed, Start, Stop
from econda_local.batch.events import Publisher
from econda_local.batch.keeping import Keeper
from econda_local.batch.launches import Host, container_name, launch
from econda_local.batch.meter import Meter
from econda_local.batch.model import PLACED, Job
from econda_local.batch.names import short
from econda_local.batch.operations import OPERATIONS
from econda_local.batch.process import Attempt, Cause, Ending
from econda_local.batch.refusal import Refused
from econda_local.reaper import Reaper

READS = ("Describe", "List")
LAST_GRACE = 1.0  # seconds between SIGTERM and SIGKILL when the endpoint itself stops


@dataclass(slots=True)
class _Running:
    task: str
    attempt: Attempt | None = None
    asked: tuple[Cause, float | None] | None = None

    def stop(self, cause: Cause, grace: float | None = None) -> None:
        """Stop the attempt, or remember to as soon as it has started."""
        if self.attempt is None:
            self.asked = self.asked or (cause, grace)
        else:
            self.attempt.stop(cause, grace)


class Endpoint:
    """One local Batch. Everything but the processes happens on one event loop, so nothing needs a lock."""

    def __init__(self, account: Account, host: Host, publisher: Publisher | None, keeper: Keeper) -> None:
        self.account, self.host, self.keeper = account, host, keeper
        self._publisher = publisher
        self._meter = Meter()
        self._reaper: Reaper | None = None
        self._running: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[None]] = []
        self._closing = False

    async def open(self) -> None:
        self._reaper = Reaper()
        self._services = [asyncio.create_task(self._meter.run()), asyncio.create_task(self.keeper.run())]
        if self._publisher is not None:
            self._services.append(asyncio.create_task(self._publisher.run()))
        self._carry_out()

    async def close(self) -> None:
        """End every attempt, then everything else."""
        self._closing = True
        for running in self._running.values():
            running.stop(Cause.TERMINATED, LAST_GRACE)
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=LAST_GRACE + 2)
        if self._publisher is not None:
            await self._publisher.flush(1.0)
        self.keeper.save()
        for service in self._services:
            service.cancel()
        await asyncio.gather(*self._services, return_exceptions=True)
        if self._reaper is not None:
            await self._reaper.close()

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation of the service model. Raises Refused."""
        if operation not in OPERATIONS:
            raise Refused(f"{operation} does not exist in the local Batch")
        try:
            return OPERATIONS[operation](self.account, request)
        finally:
            if not operation.startswith(READS):
                self.keeper.changed()
            self._carry_out()

    def reclaim(self, reference: str, grace: float) -> str:
        """Take the host away from under a running job; return the instance's id. Raises Refused."""
        job = self.account.engine.jobs.get(short(reference))
        running = self._running.get(job.id) if job is not None else None
        if job is None or running is None or job.status not in PLACED:
            raise Refused(f"Job {reference} does not run")
        running.stop(Cause.HOST_LOST, grace)
        return instance_id(running.task)

    def _carry_out(self) -> None:
        for effect in self.account.engine.drain():
            self.keeper.changed()
            match effect:
                case Start(job=key, attempt=number, environment=environment):
                    self._begin(key, number, environment)
                case Stop(job=key):
                    if key in self._running:
                        self._running[key].stop(Cause.TERMINATED)
                case Changed(detail=detail):
                    if self._publisher is not None:
                        self._publisher.changed(detail)

    def _begin(self, key: str, number: int, environment: str) -> None:
        if self._closing:
            return
        running = _Running(uuid.uuid4().hex)
        self._running[key] = running
        task = asyncio.create_task(self._attempt(self.account.engine.jobs[key], number, environment, running))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, job: Job, number: int, environment: str, running: _Running) -> None:
        stream = f"{short(job.wire['jobDefinition']).partition(':')[0]}/default/{running.task}"
        given = launch(self.host, job, number, environment, running.task, stream)
        begun = self.account.now()
        ending = await self._supervised(job, Attempt(given, self._meter.usage), running, stream)
        await asyncio.to_thread(shutil.rmtree, given.directory, ignore_errors=True)
        if given.kill_command is not None:
            killed = await asyncio.to_thread(container.remove, container_name(running.task))
            if killed and ending.cause is Cause.EXITED:
                ending = Ending(Cause.OUT_OF_MEMORY, ending.exit_code)
        self._running.pop(job.id, None)
        now = self.account.now()
        end = attempt_end(self.account.place, ending, running.task, environment, stream, begun, now)
        self.account.engine.ended(job.id, end, now)
        self.account.engine.schedule()
        self._carry_out()

    async def _supervised(self, job: Job, attempt: Attempt, running: _Running, stream: str) -> Ending:
        assert self._reaper is not None, "the endpoint is not open"
        problem = await attempt.start()
        if problem is not None or attempt.process is None:
            return Ending(Cause.NEVER_STARTED, problem=problem)
        leader = attempt.process.pid
        self._reaper.watch(leader)
        self._meter.watch(leader)
        running.attempt = attempt
        if running.asked is not None:
            attempt.stop(*running.asked)
        self.account.engine.started(job.id, stream, self.account.now())
        self._carry_out()
        with contextlib.ExitStack() as watched:
            watched.callback(self._reaper.forget, leader)
            watched.callback(self._meter.forget, leader)
            return await attempt.ended()


def now_ms() -> int:
    return time.time_ns() // 1_000_000
