"""The history of one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.log import Log
from econda_cloud.run.advance import apply, decide
from econda_cloud.run.state import RunState
from econda_cloud.schedule.history import SNAPSHOT_EVERY, History
from econda_cloud.wire.entries import Entry, decode_entry
from econda_cloud.wire.events import AnyEvent, RunStarted

Plans: TypeAlias = Callable[[str, str], Plan]
"""Finds a plan by namespace and run. Raises `NoPlan`, or what the store raises."""


PLANS_KNOWN = 512
"""Plans without code files and packages that a process remembers, by digest: they never change."""

_KNOWN: dict[str, Plan] = {}


class NoPlan(LookupError):
    """The plan of a run is gone, cannot be read or is another one: nothing can be decided about the run."""


class RunFold:
    """Folds a run's log. Its plan is looked for once the log, or the event in hand, tells the namespace."""

    state_type = RunState | None

    def __init__(self, plans: Plans, run: str) -> None:
        self._plans, self._run = plans, run
        self._plan: Plan | None = None
        self.here = False

    def plan(self, namespace: str) -> Plan:
        if self._plan is None:
            self._plan = self._plans(namespace, self._run)
        return self._plan

    def start(self) -> RunState | None:
        return None

    def prepare(self, state: RunState | None, events: tuple[AnyEvent, ...]) -> None:
        """Raises `NoPlan`, or what the store raises."""
        if self._plan is not None:
            return
        digest = state.plan if state is not None else next((e.plan for e in events if isinstance(e, RunStarted)), "")
        # Runs of one pipeline share its plan, here and what is indexed of it.
        self._plan = _KNOWN.get(digest)
        if self._plan is None and (namespace := _namespace(state, events)) is not None:
            plan = self.plan(namespace)
            if plan.digest != digest:
                self._plan = None
                raise NoPlan(f"the stored plan of {self._run} is {plan.digest}, not {digest}, with which it began")
            if plan.code or plan.environments:
                # Of these the digest does not tell all: a later run may have other files or pins under the same one.
                return
            _KNOWN[plan.digest] = plan
            while len(_KNOWN) > PLANS_KNOWN:
                del _KNOWN[next(iter(_KNOWN))]

    def decide(
        self, state: RunState | None, events: tuple[AnyEvent, ...], now: int, carried: int, unsure: bool
    ) -> tuple[RunState | None, Entry]:
        namespace = _namespace(state, events)
        if namespace is None:
            raise LookupError("nothing ever started this run")
        plan = self.plan(namespace)
        return decide(plan, state, events, now, carried=carried, unsure=unsure, here=self.here)

    def apply(self, state: RunState | None, entry: Entry) -> RunState | None:
        namespace = _namespace(state, entry.events)
        return state if namespace is None else apply(self.plan(namespace), state, entry)

    def decode(self, record: bytes) -> Entry:
        return decode_entry(record)

    def events_of(self, entry: Entry) -> tuple[AnyEvent, ...]:
        return entry.events


class RunHistory(History[RunState | None, AnyEvent, Entry]):
    """The history of a run, with its plan."""

    def __init__(
        self, log: Log, plans: Plans, run: str, snapshots: BlobStore | None = None, every: int = SNAPSHOT_EVERY
    ) -> None:
        self._run_fold = RunFold(plans, run)
        self.run = run
        super().__init__(log, run_log(run), self._run_fold, snapshots, every)

    @property
    def plan(self) -> Plan:
        """The plan of a run that has begun."""
        assert self.state is not None
        return self._run_fold.plan(self.state.namespace)

    def propose_here(self, events: tuple[AnyEvent, ...], now: int) -> bytes:
        """As `propose`, where whoever reports these goes on with what they make ready (see `entries.Placed`)."""
        self._run_fold.here = True
        try:
            return self.propose(events, now)
        finally:
            self._run_fold.here = False


def run_log(run: str) -> str:
    """The name of a run's log."""
    return f"run/{run}"


def _namespace(state: RunState | None, events: tuple[AnyEvent, ...]) -> str | None:
    if state is not None:
        return state.namespace
    return next((event.namespace for event in events if isinstance(event, RunStarted)), None)
