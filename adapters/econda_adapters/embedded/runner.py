"""`econda run`: a pipeline on one laptop by the same engine, broker, scheduler and worker as in the cloud."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from econda_edsl.plan import Plan, encode_plan

from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.pool import EmbeddedPool, machine_pool, now_ms
from econda_adapters.embedded.sqlite_log import SqliteLog
from econda_cloud.run.commands import CancelAttempts, Dispatch
from econda_cloud.run.events import AnyEvent, CancelRequested, RunStarted, TimerFired
from econda_cloud.run.state import RunState
from econda_cloud.schedule.places import bundle_key, plan_key, stored_plan
from econda_cloud.schedule.ready import ready_chunks
from econda_cloud.schedule.scheduler import Scheduler
from econda_cloud.submission.bundles import pack_files
from econda_cloud.worker.archives import known_archives

NAMESPACE = "local"
Progress = Callable[[RunState], None]


@dataclass
class Home:
    """Where embedded runs live: one folder with the log, the blobs and scratch space."""

    root: Path
    log: SqliteLog = field(init=False)
    blobs: DirectoryBlobs = field(init=False)

    def __post_init__(self) -> None:
        self.log = SqliteLog(self.root / "log.sqlite")
        self.blobs = DirectoryBlobs(self.root / "blobs")

    def plan(self, run: str) -> Plan:
        """Raises `KeyError` for a run that is not here."""
        return stored_plan(self.blobs, NAMESPACE, run)


class _Effects:
    def __init__(self, home: Home, reports: SimpleQueue[tuple[str, list[AnyEvent]]]) -> None:
        self.pool = EmbeddedPool(home.blobs, home.root / "scratch", reports)
        self.reports = reports
        self.timers: list[tuple[int, str]] = []
        self.ended: dict[str, RunState] = {}

    def dispatch(self, plan: Plan, state: RunState, commands: Sequence[Dispatch]) -> Sequence[AnyEvent]:
        ready, failed = ready_chunks(plan, state, commands)
        for _, chunk in ready:
            self.pool.submit(chunk)
        return failed

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        del state
        for command in commands:
            self.pool.cancel(command.items)

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del now
        heapq.heappush(self.timers, (at_ms, run))

    def finished(self, state: RunState, seq: int) -> None:
        del seq
        self.ended[state.run] = state


def run_plan(
    home: Home,
    plan: Plan,
    params: dict[str, Any],
    *,
    files: Mapping[str, bytes] | None = None,
    user: str = "",
    started: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> RunState:
    """Run a plan to its end and return the final state. An interrupt cancels the run and waits for it to stop."""
    run = f"{plan.name}-{secrets.token_hex(4)}"
    home.blobs.put(plan_key(NAMESPACE, run), encode_plan(plan))
    bundle = bundle_key(NAMESPACE, run) if files else None
    if files and bundle:
        home.blobs.put(bundle, pack_files(files))
    reports: SimpleQueue[tuple[str, list[AnyEvent]]] = SimpleQueue()
    effects = _Effects(home, reports)
    scheduler = Scheduler(home.log, f"local-{run}", lambda _, name: plan if name == run else home.plan(name), effects)
    event = RunStarted(
        run=run,
        namespace=NAMESPACE,
        plan=plan.digest,
        params=params,
        seed=secrets.randbits(32),
        submitted_by=user,
        archives=known_archives(plan, home.blobs),
        bundle=bundle,
    )
    try:
        scheduler.declare((machine_pool(),), now_ms())
        started(run)
        scheduler.take(run, [event], now_ms())
        return _until_ended(scheduler, effects, run, progress)
    finally:
        effects.pool.close()


def _until_ended(scheduler: Scheduler, effects: _Effects, run: str, progress: Progress) -> RunState:
    while run not in effects.ended:
        try:
            events = _next_events(effects)
            scheduler.take(run, events, now_ms())
        except KeyboardInterrupt:
            scheduler.take(run, [CancelRequested(reason="interrupted")], now_ms())
        state = scheduler.state(run)
        if state is not None:
            progress(state)
    return effects.ended[run]


def _next_events(effects: _Effects) -> list[AnyEvent]:
    """Wait for reports or the next timer; take all that is there."""
    wait = max(0.0, (effects.timers[0][0] - now_ms()) / 1000) if effects.timers else None
    try:
        events = list(effects.reports.get(timeout=wait)[1])
    except Empty:
        events = []
    while not effects.reports.empty():
        events += effects.reports.get()[1]
    while effects.timers and effects.timers[0][0] <= now_ms():
        heapq.heappop(effects.timers)
    return events or [TimerFired()]
