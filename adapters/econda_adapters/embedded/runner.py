"""`econda run`: a pipeline on one laptop by the same engine, broker, scheduler and worker as in the cloud."""

from __future__ import annotations

import contextlib
import heapq
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from econda_edsl.plan import Plan, Policy

from econda_adapters.clock import now_ms
from econda_adapters.embedded.cancelling import LOOK_S, asked_to_cancel
from econda_adapters.embedded.holding import holding
from econda_adapters.embedded.home import NAMESPACE, Home
from econda_adapters.embedded.interrupts import Interrupted, interruptible
from econda_adapters.embedded.live import forget_live
from econda_adapters.embedded.pool import EmbeddedPool, machine_pool
from econda_cloud.environments.archives import known_archives
from econda_cloud.ports.pool import Accepted, Answer
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_rounds import BrokerRounds
from econda_cloud.schedule.effects import Handing
from econda_cloud.schedule.results import Result, Results, write_earlier
from econda_cloud.schedule.rounds import Rounds
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.submission.bundles import pack_files
from econda_cloud.wire.broker import BrokerWoken
from econda_cloud.wire.commands import CancelAttempts, Keep, LookAfter, LookUp, Publish
from econda_cloud.wire.events import (
    AnyEvent,
    CancelRequested,
    ChunkLost,
    ChunkSeen,
    GrantsSet,
    RunStarted,
    TimerFired,
)
from econda_cloud.wire.grants import RunTold
from econda_cloud.wire.keys import bundle_key, checkpoints_prefix
from econda_cloud.wire.pools import Pool
from econda_cloud.worker.processes.host_pool import HostPool

LOOK_MS = 3_600_000
"""How long a chunk at work in this very process is not looked after again."""

Progress = Callable[[RunState], None]


class _Effects:
    """The world of a run of this machine: its own processes, and a broker of its own, asked at once."""

    def __init__(
        self,
        home: Home,
        run: str,
        machine: Pool,
        reports: SimpleQueue[tuple[str, list[AnyEvent]]],
        hosts: HostPool | None,
    ) -> None:
        self.home, self.run = home, run
        self.interrupted = 0
        """The signal that has ended all work on it, 0 for none."""
        self._looked_s = 0.0
        self.machine = machine
        self.pool = EmbeddedPool(home.blobs, home.scratch, machine.slots, reports, hosts)
        self.reports = reports
        self.blobs, self.results = home.blobs, Results(home.blobs)
        self.timers: list[int] = []
        self.policies: dict[str, Policy] = {}
        self.answers: list[AnyEvent] = []
        self.ended: dict[str, RunState] = {}
        self.errors: dict[str, str] = {}
        self.broker: BrokerRounds | None = None

    def asked(self) -> list[AnyEvent]:
        """What another process asks of this one, looked for now and then."""
        now = time.monotonic()
        if now - self._looked_s < LOOK_S:
            return []
        self._looked_s = now
        request = asked_to_cancel(self.home.root, self.run)
        return [] if request is None else [request]

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        for handing in work:
            self.pool.submit(handing.chunk)
        return [Accepted("")] * len(work)

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        del state
        for command in commands:
            self.pool.cancel(command.items)

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        """Who runs it is this very process."""
        del state
        return [ChunkSeen(chunk=command.chunk, until_ms=now_ms() + LOOK_MS)]

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        return self.results.look_up(plan, state, commands)

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        self.results.keep(plan, state, commands)

    def tell_broker(self, told: Sequence[tuple[RunTold, Policy | None]]) -> None:
        assert self.broker is not None
        for each, policy in told:
            if policy is not None and each.terms is not None:
                self.policies[each.terms.policy] = policy
        self.broker.take([each for each, _ in told], now_ms())

    def answer(self, answers: Sequence[tuple[str, GrantsSet]]) -> None:
        self.answers += [answer for _, answer in answers]

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del run, now
        heapq.heappush(self.timers, at_ms)

    def wake_broker(self, at_ms: int, now: int) -> None:
        del now
        self.broker_wakes = at_ms
        heapq.heappush(self.timers, at_ms)

    broker_wakes = 0

    def show(self, plan: Plan, state: RunState, seq: int) -> None:
        """Whoever runs it sees it."""

    def finished(self, plan: Plan, state: RunState, seq: int) -> None:
        del plan, seq
        # No later run goes on from them.
        self.blobs.purge_under(checkpoints_prefix(state.namespace, state.run))
        self.ended[state.run] = state

    def publish(self, state: RunState, command: Publish) -> Sequence[AnyEvent]:
        from econda_adapters.embedded.publishing import publish_here

        return [publish_here(self.blobs, state, command.to)]

    def broken(self, namespace: str, run: str, message: str) -> None:
        del namespace
        self.errors[run] = message


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

    Raises `Interrupted` after SIGTERM or SIGHUP: what ran was stopped, and `resume_run` carries the run on. `machine` says what this machine is taken for, by default what it is; `hosts` are processes started before.
    """
    run = f"{plan.name}-{secrets.token_hex(4)}"
    store_plan(home.blobs, NAMESPACE, run, plan)
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
    with holding(home.root, run), _scheduling(home, run, plan, machine, hosts) as (rounds, effects):
        started(run)
        _take(rounds, effects, run, [event])
        return _until_ended(rounds, effects, run, progress)


def resume_run(
    home: Home,
    run: str,
    *,
    cancel: CancelRequested | None = None,
    hosts: HostPool | None = None,
    started: Callable[[str], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> RunState:
    """Carry on a run whose process is gone. What was at work when it died counts as preempted: it costs no retry.

    With `cancel` it is ended instead. Raises `RunBusy` if a process still carries it on, `KeyError` if there is no such
    run, and `Interrupted` as `run_plan` does.
    """
    try:
        plan = home.plan(run)
    except NoPlan as error:
        raise KeyError(run) from error
    with holding(home.root, run), _scheduling(home, run, plan, hosts=hosts) as (rounds, effects):
        state = rounds.state(run)
        if state is None:
            raise KeyError(run)
        if state.outcome is not None:
            return state
        started(run)
        message = "the process that ran it is gone"
        lost: list[AnyEvent] = [ChunkLost(chunk=chunk, failure="preempted", message=message) for chunk in state.chunks]
        # Whatever that process had decided and not done yet is done now; what its broker had answered is asked again.
        asked = [] if cancel is None else [cancel]
        rounds.take_one(run, [*lost, *asked] or [TimerFired()], now_ms(), again=True)
        state = rounds.state(run)
        if state is not None and state.outcome is None and state.telling.words is not None:
            effects.tell_broker([(state.telling.words, plan.policy)])
        _take(rounds, effects, run, [])
        return _until_ended(rounds, effects, run, progress)


@contextlib.contextmanager
def _scheduling(
    home: Home, run: str, plan: Plan, machine: Pool | None = None, hosts: HostPool | None = None
) -> Iterator[tuple[Rounds, _Effects]]:
    """A scheduler and a broker of its own for one run, with this machine as its only pool."""
    machine = machine or machine_pool()
    effects = _Effects(home, run, machine, SimpleQueue(), hosts)
    asked_to_cancel(home.root, run)
    forget_live(home.scratch, run)
    rounds = Rounds(home.log, lambda _, name: plan if name == run else home.plan(name), effects, index=home.runs)
    effects.broker = BrokerRounds(home.log, f"local-{run}", effects, effects.policies.get)
    try:
        effects.broker.declare((machine,), now_ms())
        yield rounds, effects
    finally:
        effects.pool.close()
        forget_live(home.scratch, run)


def _take(rounds: Rounds, effects: _Effects, run: str, events: Sequence[AnyEvent]) -> None:
    """Take events, and what the broker answers to what they lead to."""
    while events or effects.answers:
        answers, effects.answers = effects.answers, []
        rounds.take_one(run, [*events, *answers], now_ms())
        events = ()
    if run in effects.errors:
        raise RuntimeError(effects.errors[run])


def _until_ended(rounds: Rounds, effects: _Effects, run: str, progress: Progress) -> RunState:
    def meanwhile() -> None:
        """What comes while the scheduler's own thread is at work on an attempt."""
        if news := _arrived(effects):
            _take(rounds, effects, run, news)
        effects.pool.start_ready()
        if effects.interrupted:
            effects.pool.stop()

    def cancel() -> None:
        effects.reports.put((run, [CancelRequested(reason="interrupted")]))

    def leave(number: int) -> None:
        effects.interrupted = number
        effects.reports.put((run, []))

    with interruptible(cancel, leave):
        while run not in effects.ended:
            events = _next_events(effects, meanwhile)
            if effects.interrupted:
                effects.pool.stop()
                raise Interrupted(run, effects.interrupted)
            _take(rounds, effects, run, events)
            state = rounds.history(run).state
            if state is not None:
                progress(state)
    # What became of its outputs is told after its end.
    return rounds.history(run).state or effects.ended[run]


def _next_events(effects: _Effects, meanwhile: Callable[[], None]) -> list[AnyEvent]:
    """Reports and timers that have come, or those of the only chunk there is to do, or wait for some."""
    if events := _arrived(effects):
        effects.pool.start_ready()
        return events
    chunk = effects.pool.only_short()
    if chunk is not None:
        return effects.pool.run_here(chunk, meanwhile)
    effects.pool.start_ready()
    events: list[AnyEvent] = []
    while not events and not effects.interrupted:
        wait = max(0.0, (effects.timers[0] - now_ms()) / 1000) if effects.timers else LOOK_S
        with contextlib.suppress(Empty):
            events += effects.reports.get(timeout=min(wait, LOOK_S))[1]
        events += _arrived(effects)
    return events


def _arrived(effects: _Effects) -> list[AnyEvent]:
    """What is there without waiting."""
    events = effects.asked()
    while not effects.reports.empty():
        events += effects.reports.get()[1]
    now = now_ms()
    if effects.timers and effects.timers[0] <= now:
        while effects.timers and effects.timers[0] <= now:
            heapq.heappop(effects.timers)
        events.append(TimerFired())
        if effects.broker is not None and 0 < effects.broker_wakes <= now:
            effects.broker_wakes = 0
            effects.broker.take([BrokerWoken(at_ms=now)], now)
    return events
