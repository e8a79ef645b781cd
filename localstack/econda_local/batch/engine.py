"""The life of jobs, from SUBMITTED to SUCCEEDED or FAILED. No I/O, no clock, no randomness: all of it comes in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from econda_local.batch import render
from econda_local.batch.model import PLACED, TERMINAL, AttemptEnd, Environment, Job, Queue, Status
from econda_local.batch.retries import retried
from econda_local.batch.scheduler import TOO_LARGE, plan

DEPENDENCY_FAILED = "Dependent Job failed"


@dataclass(frozen=True, slots=True)
class Start:
    """Run attempt number `attempt` (from 1) of a job in a compute environment."""

    job: str
    attempt: int
    environment: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the running attempt of a job, for this reason."""

    job: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A job entered another state; `detail` is how DescribeJobs showed it at that moment."""

    detail: dict[str, Any]


Effect = Start | Stop | Changed


class Engine:
    """Every job of the endpoint. Each method changes the state and queues effects for `drain`."""

    def __init__(self) -> None:
        self.environments: dict[str, Environment] = {}
        self.queues: dict[str, Queue] = {}
        self.jobs: dict[str, Job] = {}
        self._runnable: dict[str, dict[str, Job]] = {}
        self._dependants: dict[str, dict[str, None]] = {}
        self._effects: list[Effect] = []

    def drain(self) -> list[Effect]:
        """What the outside must do, in order; each effect is handed out once."""
        effects, self._effects = self._effects, []
        return effects

    def submit(self, jobs: Iterable[Job], now: int) -> None:
        """Take new jobs in (an array's parent before its children), their `unmet` dependencies filled in."""
        accepted = list(jobs)
        for job in accepted:
            self.jobs[job.id] = job
            if job.parent is not None:
                self.jobs[job.parent].children[job.status] += 1
            self._effects.append(Changed(render.detail(job)))
        for job in accepted:
            self._admit(job, now)

    def _admit(self, job: Job, now: int) -> None:
        known = [self.jobs[key] for key in sorted(job.unmet)]
        if any(other.status is Status.FAILED for other in known):
            return self._finish(job, Status.FAILED, DEPENDENCY_FAILED, now)
        job.unmet = {other.id for other in known if other.status not in TERMINAL}
        for key in job.unmet:
            self._dependants.setdefault(key, {})[job.id] = None
        if job.status in TERMINAL:
            return None
        return self._move(job, Status.PENDING if job.unmet or job.is_array else Status.RUNNABLE)

    def schedule(self) -> None:
        """Start what fits now."""
        decided = plan(
            self.queues.values(), self.environments, {q: jobs.values() for q, jobs in self._runnable.items()}
        )
        for placement in decided.placements:
            job, environment = self.jobs[placement.job], self.environments[placement.environment]
            environment.used = environment.used.plus(job.spec.resources)
            job.environment, job.reason = environment.name, None
            self._move(job, Status.STARTING)
            self._effects.append(Start(job.id, len(job.attempts) + 1, environment.name))
        for key in decided.too_large:
            self.jobs[key].reason = TOO_LARGE

    def started(self, job_id: str, log_stream: str, now: int) -> None:
        """The attempt's process runs; its log is `log_stream`."""
        job = self.jobs[job_id]
        job.started_at, job.log_stream = now, log_stream
        self._move(job, Status.RUNNING)

    def ended(self, job_id: str, end: AttemptEnd, now: int) -> None:
        """The attempt is over: succeed, fail or go back to RUNNABLE."""
        job = self.jobs[job_id]
        job.attempts.append(end)
        job.log_stream = None
        self._release(job)
        if end.succeeded and not job.terminated:
            self._finish(job, Status.SUCCEEDED, end.status_reason, now)
        elif not job.terminated and retried(job.spec, len(job.attempts), end):
            job.reason, job.started_at = end.status_reason, None
            self._move(job, Status.RUNNABLE)
        else:
            self._finish(job, Status.FAILED, job.reason if job.terminated else end.status_reason, now)

    def cancel(self, job_id: str, reason: str, now: int) -> None:
        """CancelJob: end what has not started; what has started is left alone."""
        for job in self._leaves(self.jobs[job_id]):
            if job.status in TERMINAL or job.status in PLACED:
                continue
            job.cancelled = True
            self._finish(job, Status.FAILED, reason, now)

    def terminate(self, job_id: str, reason: str, now: int) -> None:
        """TerminateJob: end a job whatever its state; a running attempt gets a `Stop`."""
        for job in self._leaves(self.jobs[job_id]):
            if job.status in TERMINAL or job.terminated:
                continue
            job.terminated = True
            if job.status in PLACED:
                job.reason = reason
                self._effects.append(Stop(job.id, reason))
            else:
                self._finish(job, Status.FAILED, reason, now)

    def children(self, parent: Job) -> Iterator[Job]:
        """An array's children, by index."""
        for index in range(parent.size or 0):
            yield self.jobs[f"{parent.id}:{index}"]

    def _leaves(self, job: Job) -> Iterable[Job]:
        return list(self.children(job)) if job.is_array else [job]

    def _release(self, job: Job) -> None:
        environment = self.environments.get(job.environment or "")
        if environment is not None:
            environment.used = environment.used.minus(job.spec.resources)

    def _move(self, job: Job, status: Status) -> None:
        before, job.status = job.status, status
        waiting = self._runnable.setdefault(job.queue, {})
        if status is Status.RUNNABLE:
            waiting[job.id] = job
        else:
            waiting.pop(job.id, None)
        if job.parent is not None:
            tally = self.jobs[job.parent].children
            tally[before] -= 1
            tally[status] += 1
        self._effects.append(Changed(render.detail(job)))

    def _finish(self, job: Job, status: Status, reason: str | None, now: int) -> None:
        """Enter a terminal state and settle all that waited for it (a worklist: chains may be 10 000 long)."""
        ends: deque[tuple[Job, Status, str | None]] = deque([(job, status, reason)])
        while ends:
            job, status, reason = ends.popleft()
            if job.status in TERMINAL:
                continue
            job.reason, job.stopped_at = reason, now
            self._move(job, status)
            for key in self._dependants.pop(job.id, {}):
                waiter = self.jobs[key]
                waiter.unmet.discard(job.id)
                if waiter.status in TERMINAL:
                    continue
                if status is Status.FAILED:
                    ends.extend((leaf, Status.FAILED, DEPENDENCY_FAILED) for leaf in self._leaves(waiter))
                elif not waiter.unmet and not waiter.is_array:
                    self._move(waiter, Status.RUNNABLE)
            if job.parent is not None:
                ends.extend(self._array_end(self.jobs[job.parent]))

    def _array_end(self, parent: Job) -> list[tuple[Job, Status, str | None]]:
        done = parent.children[Status.SUCCEEDED] + parent.children[Status.FAILED]
        if done < (parent.size or 0):
            return []
        if parent.children[Status.FAILED]:
            return [(parent, Status.FAILED, "Array Child Job failed")]
        return [(parent, Status.SUCCEEDED, None)]

    def forget(self, job_id: str) -> None:
        """As if the job had never been submitted; the children of an array go with it."""
        job = self.jobs[job_id]
        for each in [*self._leaves(job), job]:
            if each.status in PLACED:
                self._release(each)
            self._runnable.get(each.queue, {}).pop(each.id, None)
            self._dependants.pop(each.id, None)
            for waiting in self._dependants.values():
                waiting.pop(each.id, None)
            self.jobs.pop(each.id, None)

    def undone(self, job_id: str, reason: str, now: int) -> None:
        """A job that had ended has failed instead: what it had told nobody knows any more."""
        job = self.jobs[job_id]
        job.reason, job.stopped_at = reason, now
        self._move(job, Status.FAILED)

    def tell_again(self, job_id: str) -> None:
        """For whom its last change may not have reached."""
        self._effects.append(Changed(render.detail(self.jobs[job_id])))
