"""What the endpoint keeps over its own end, in a file, and what becomes of it when the cloud comes back.

The local cloud comes back as it was when ministack was last saved, a moment that the endpoint's own file may be ahead
of. So jobs submitted after that moment are forgotten, for nobody has their ids; and jobs that were running then, or
ended since, have lost their host: whatever they reported is gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from importlib.metadata import version
from pathlib import Path

from econda_local.batch.account import Account
from econda_local.batch.endings import attempt_end
from econda_local.batch.model import PLACED, TERMINAL, Job
from econda_local.batch.process import Cause, Ending
from econda_local.ministack import snapshot

LOGGER = logging.getLogger("econda_local.batch")
MADE_BY = f"econda {version('econda-cloud')}"
PART = "batch"
PAUSE = 0.1  # seconds at least between two saves
UNDERWAY_MS = 10_000  # an event of so long ago may not have reached the event bus
RESERVED = 10  # a save is followed by so many times its own duration without one


class Keeper:
    """Writes the account into `folder` soon after `changed` was called."""

    def __init__(self, folder: Path, account: Account) -> None:
        self._folder, self._account = folder, account
        self._some = asyncio.Event()

    def changed(self) -> None:
        self._some.set()

    def save(self) -> None:
        """At once, if there is something new. Raises OSError."""
        if not self._some.is_set():
            return
        self._some.clear()
        kept = {PART: (self._account.engine, self._account.definitions)}
        failed = snapshot.write(self._folder, kept, moment=time.time(), made_by=MADE_BY)
        for reason in failed.values():
            raise OSError(f"the state of the Batch endpoint cannot be saved: {reason}")

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            await self._some.wait()
            begun = time.monotonic()
            try:
                self.save()
            except OSError as problem:
                LOGGER.warning("%s", problem)
                self._some.set()
            await asyncio.sleep(max(PAUSE, RESERVED * (time.monotonic() - begun)))


def restore(folder: Path, account: Account, moment_ms: int) -> None:
    """Put back what was saved, as of `moment_ms`. Raises snapshot.Unreadable."""
    parts = snapshot.read(folder, made_by=MADE_BY)
    if parts is None:
        return
    account.engine, account.definitions = parts[PART]
    for job in list(account.engine.jobs.values()):
        if job.id in account.engine.jobs:
            _as_of(account, job, moment_ms)
    account.engine.schedule()


def _as_of(account: Account, job: Job, moment_ms: int) -> None:
    ended = job.stopped_at if job.status in TERMINAL and job.stopped_at is not None else 0
    if job.created_at > moment_ms and job.parent is None:
        account.engine.forget(job.id)
    elif job.is_array:
        if ended >= moment_ms:
            account.engine.undone(job.id, "Array Child Job failed", account.now())
    elif job.status in PLACED or ended >= moment_ms:
        _lose(account, job)
    elif ended >= moment_ms - UNDERWAY_MS:
        account.engine.tell_again(job.id)


def _lose(account: Account, job: Job) -> None:
    task, now, environment = uuid.uuid4().hex, account.now(), job.environment or ""
    begun = job.started_at or now
    end = attempt_end(account.place, Ending(Cause.HOST_LOST), task, environment, job.log_stream or "", begun, now)
    if job.status in PLACED:
        account.engine.ended(job.id, end, now)
    else:
        account.engine.undone(job.id, end.status_reason, now)
