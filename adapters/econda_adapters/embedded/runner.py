"""`econda run`: a pipeline on one laptop by the same engine, broker, scheduler and worker as in the cloud."""

from __future__ import annotations

import contextlib
import heapq
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from econda_edsl.plan import Plan, encode_plan

from econda_adapters.clock import now_ms
from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.holding import holding
from econda_adapters.embedded.pool import EmbeddedPool, machine_pool
from econda_adapters.embedded.sqlite_log import SqliteLog
from econda_cloud.environments.archives import known_archives
from econda_cloud.run.state import RunState
from econda_cloud.schedule.eager import Tenure
from econda_cloud.schedule.ready import ready_chunks
from econda_cloud.schedule.results import Result, Results, write_earlier
from econda_cloud.schedule.scheduler import Scheduler
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.submission.bundles import pack_files
from econda_cloud.wire.commands import CancelAttempts, Dispatch, Keep, LookUp
from econda_cloud.wire.events import AnyEvent, CancelRequested, ChunkLost, RunStarted, TimerFired
from econda_cloud.wire.keys import bundle_key, plan_key
from econda_cloud.wire.pools import Pool
from econda_cloud.worker.processes.processes import HostPool

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
    def __init__(
        self, home: Home, machine: Pool, reports: SimpleQueue[tuple[str, list[AnyEvent]]], hosts: HostPool | None
    ) -> None:
        self.machine = machine
        self.pool = EmbeddedPool(home.blobs, home.root / "scratch", machine.slots, reports, hosts)
        self.reports = reports
        self.results = Results(home.blobs)
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

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        return self.results.look_up(plan, state, commands)

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        self.results.keep(plan, state, commands)

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del now
        heapq.heappush(self.timers, (at_ms, run))

    def finished(self, state: RunState, seq: int) -> None:
        del seq
        self.ended[state.run] = state


@dataclass(frozen=True)
class Follow:
    """An earlier run whose `results` are used where nothing has changed, but not by the steps in `fresh`.

    `bundle` is the key of its code files, for a run that has none of its own.
    """

    run: str
    results: Sequence[Result] = ()
    fresh: tuple[str, ...] = ()
    bundle: str | None = None


NOBODY = Follow("")
"""No run is followed."""


def run_plan(
    home: Home,
    plan: Plan,
    params: dict[str, Any],
    *,
    files: Mapping[str, bytes] | None = None,
    user: str = "",
    follow: Follow = NOBODY,
    machine: Pool | None = None,
    hosts: HostPool | None = None,
    started: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> RunState:
    """Run a plan to its end and return the final state. An interrupt cancels the run and waits for it to stop.

    `machine` says what this machine is taken for, by default what it is; `hosts` are processes started before.
    """
    run = f"{plan.name}-{secrets.token_hex(4)}"
    home.blobs.put(plan_key(NAMESPACE, run), encode_plan(plan))
    bundle = bundle_key(NAMESPACE, run) if files else follow.bundle
    if files and bundle:
        home.blobs.put(bundle, pack_files(files))
    if follow.run:
        write_earlier(home.blobs, NAMESPACE, run, follow.results)
    event = RunStarted(
        run=run,
        namespace=NAMESPACE,
        plan=plan.digest,
        params=params,
        seed=secrets.randbits(32),
        submitted_by=user,
        archives=known_archives(plan, home.blobs, NAMESPACE),
        bundle=bundle,
        reuse=follow.run,
        fresh=follow.fresh,
    )
    with holding(home.root, run), _scheduling(home, run, plan, machine, hosts) as (scheduler, effects):
        started(run)
        scheduler.take(run, [event], now_ms())
        return _until_ended(scheduler, effects, run, progress)


def resume_run(
    home: Home,
    run: str,
    *,
    hosts: HostPool | None = None,
    started: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> RunState:
    """Carry on a run whose process is gone. What was at work when it died counts as preempted: it costs no retry.

    Raises `RunBusy` if a process still carries it on, `KeyError` if there is no such run.
    """
    plan = home.plan(run)
    with holding(home.root, run), _scheduling(home, run, plan, hosts=hosts) as (scheduler, effects):
        state = scheduler.state(run)
        if state is None:
            raise KeyError(run)
        if state.outcome is not None:
            return state
        started(run)
        message = "the process that ran it is gone"
        lost = [ChunkLost(chunk=chunk, failure="preempted", message=message) for chunk in state.chunks]
        scheduler.take(run, lost or [TimerFired()], now_ms())
        # Whatever that process had decided and not done yet; what it wanted to be woken for is among it.
        scheduler.repeat(run, now_ms())
        return _until_ended(scheduler, effects, run, progress)


@contextlib.contextmanager
def _scheduling(
    home: Home, run: str, plan: Plan, machine: Pool | None = None, hosts: HostPool | None = None
) -> Iterator[tuple[Scheduler, _Effects]]:
    """A scheduler of its own for one run, with this machine as its only pool."""
    machine = machine or machine_pool()
    effects = _Effects(home, machine, SimpleQueue(), hosts)
    scheduler = Scheduler(home.log, f"local-{run}", lambda _, name: plan if name == run else home.plan(name), effects)
    try:
        scheduler.declare((machine,), now_ms())
        yield scheduler, effects
    finally:
        effects.pool.close()


def _until_ended(scheduler: Scheduler, effects: _Effects, run: str, progress: Progress) -> RunState:
    def meanwhile() -> None:
        """What comes while the scheduler's own thread is at work on an attempt."""
        if news := _arrived(effects):
            scheduler.take(run, news, now_ms())
        effects.pool.start_ready()

    with _interruptible(effects, run):
        place: Tenure | None = None
        while run not in effects.ended:
            chunk, events = _next_events(effects, meanwhile)
            if chunk is None:
                scheduler.take(run, events, now_ms())
            else:
                place = _place_of(chunk, scheduler.state(run), effects.machine, place)
                scheduler.take_in_place(run, chunk, events, place, now_ms())
            state = scheduler.state(run)
            if state is not None:
                progress(state)
    return effects.ended[run]


@contextlib.contextmanager
def _interruptible(effects: _Effects, run: str) -> Iterator[None]:
    """The first interrupt cancels the run; the second one leaves it as it is, for `--resume`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def cancel(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        effects.reports.put((run, [CancelRequested(reason="interrupted")]))

    signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _place_of(chunk: str, state: RunState | None, machine: Pool, before: Tenure | None) -> Tenure:
    """The place that a chunk ran in: the one before if that was lent to it."""
    held = state.chunks.get(chunk) if state is not None else None
    if before is not None and held is not None and held.lender == before.lender:
        return before
    return Tenure(machine, chunk, now_ms() + machine.chunk_ms)


def _next_events(effects: _Effects, meanwhile: Callable[[], None]) -> tuple[str | None, list[AnyEvent]]:
    """Reports and timers that have come, or those of the only chunk there is to do, and its name, or wait for some."""
    if events := _arrived(effects):
        effects.pool.start_ready()
        return None, events
    chunk = effects.pool.only_short()
    if chunk is not None:
        return chunk.id, effects.pool.run_here(chunk, meanwhile)
    effects.pool.start_ready()
    wait = max(0.0, (effects.timers[0][0] - now_ms()) / 1000) if effects.timers else None
    try:
        events = effects.reports.get(timeout=wait)[1]
    except Empty:
        events = []
    return None, [*events, *_arrived(effects)] or [TimerFired()]


def _arrived(effects: _Effects) -> list[AnyEvent]:
    """What is there without waiting."""
    events: list[AnyEvent] = []
    while not effects.reports.empty():
        events += effects.reports.get()[1]
    if effects.timers and effects.timers[0][0] <= now_ms():
        while effects.timers and effects.timers[0][0] <= now_ms():
            heapq.heappop(effects.timers)
        events.append(TimerFired())
    return events
