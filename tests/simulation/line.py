"""The whole line in one simulated world: real schedulers, adapters, log and worker protocol; time, queue, cloud and
the tasks' work are imagined, and everything follows from one seed."""

from __future__ import annotations

from functools import partial

from econda_adapters.aws.going_on import GoingOn
from econda_edsl.plan import encode_plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule import run_history
from econda_cloud.schedule.messages import write_message
from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.bills import Span, Use
from econda_cloud.simulate.chance import Chance
from econda_cloud.simulate.processes import SKEW_MS, Steps, skewed
from econda_cloud.simulate.queues import GroupedQueue, StandardQueue
from econda_cloud.simulate.stores import Throttled, TracedLog
from econda_cloud.wire.assignment import Assignment
from econda_cloud.wire.chunk import Chunk, WorkItem
from econda_cloud.wire.events import CancelRequested, RunStarted
from econda_cloud.wire.keys import plan_key
from tests.simulation.accounts import Accounts
from tests.simulation.bounds import most_turns
from tests.simulation.cloud import Cloud
from tests.simulation.generate import Program
from tests.simulation.jobs import Jobs
from tests.simulation.outages import Outages
from tests.simulation.poison import poison
from tests.simulation.pools import deployed_later, drawn_pools, rates
from tests.simulation.scene import Scene
from tests.simulation.schedulers import SIDE_BY_SIDE, Schedulers
from tests.simulation.versions import newer_message, record_of
from tests.simulation.warm import TEAM, log_of
from tests.simulation.witness import Witness
from tests.simulation.workers import Surroundings, working
from tests.simulation.workload import Doing, Nature, doing

NAMESPACE = "n"
LOOKED_AT_EVERY = 8
"""In a large world the state of a run is looked at after every so manieth record."""


class Line:
    """One world. `play` lets it come to rest."""

    def __init__(self, scene: Scene) -> None:
        # What a process remembers of other worlds would decide what is asked for here.
        run_history._KNOWN.clear()
        self.scene, self.chance = scene, Chance(scene.seed, scene.faults)
        self.programs: dict[str, Program] = {f"r{n}": scene.program(n) for n in range(scene.runs)}
        self.params = {run: {"n": self.chance.between("params", 0, 6)} for run in self.programs}
        self.agenda = Agenda(self.chance, most_turns(scene.faults, self.programs.values()))
        self.log, self.blobs = TracedLog(self._appended), MemoryBlobs()
        self.pools, self.snapshot_every = (
            drawn_pools(self.chance, large=scene.large),
            self.chance.between("snapshots", 2, 30),
        )
        self.rates = rates(self.pools)
        skew_ms = SKEW_MS if scene.faults.skew else 0
        may_wait = bool(scene.faults.outage or scene.faults.deploy)
        self.accounts = Accounts(lambda: self.agenda.now, {}, skew_ms, may_wait, scene.faults.vanish > 0)
        self._asked()
        plans = {run: program.plan for run, program in self.programs.items()}
        self.witness = Witness(plans, TEAM, self.accounts, LOOKED_AT_EVERY if scene.large else 1)
        self.schedulers = Schedulers(self)
        self.events = GroupedQueue(self.agenda, self.chance, self.schedulers.deliver_grouped)
        self.broker_queue = GroupedQueue(self.agenda, self.chance, self.schedulers.deliver_broker)
        self.notices = StandardQueue(self.agenda, self.chance, self.schedulers.deliver)
        self.cloud = Cloud(
            self.agenda, self.chance, self.events, self.broker_queue, self.notices, self.blobs, self._worker,
            lambda: self.rates,
        )  # fmt: skip
        self.jobs = Jobs(self.cloud)
        self.outages = Outages(self.agenda)
        self.poisoned = next((run for run in self.programs if self.chance.hits("poison")), "")
        self.poison: set[str] = set()
        self.buried: dict[str, str] = {}
        self.gateway_newer = False
        self.cancelled: set[str] = set()
        self.eager_starts = 0
        self.wrong: Exception | None = None

    def play(self) -> Line:
        calm_after = self.chance.between("calm", 100, 3_000) * (10 if self.scene.large else 1)
        for run in self.programs:
            self._announce(run)
        if self.chance.hits("outage"):
            self.outages.draw(self.chance)
        if self.chance.hits("deploy"):
            self.agenda.after(self.chance.between("deploy", 1, 60_000), "a new version is deployed", self._deploy)
        if self.chance.hits("upgrade"):
            self._draw_upgrade()
        if self.poisoned:
            poison(self, self.poisoned)
        while self.agenda.next_ms is not None:
            if self.agenda.turns >= calm_after and not self.chance.calm:
                self.agenda.tell("the faults stop")
                self.chance.calm = True
            try:
                self.agenda.turn()
            finally:
                if self.wrong is not None:
                    raise self.wrong
        return self

    def _announce(self, run: str) -> None:
        plan = self.programs[run].plan
        self.blobs.put(plan_key(NAMESPACE, run), encode_plan(plan))
        seed = self.chance.between("start", 0, 1 << 30)
        started = RunStarted(run=run, namespace=NAMESPACE, plan=plan.digest, params=self.params[run], seed=seed)
        body = write_message(run, [started], self.blobs)
        self.agenda.after(self.chance.between("start", 0, 30_000), f"{run} starts", lambda: self.events.send(run, body))
        if self.chance.hits("cancel"):
            self.cancelled.add(run)
            word = write_message(run, [CancelRequested(by="ada")], self.blobs)
            at = self.chance.between("cancel", 30_000, 400_000)
            self.agenda.after(at, f"{run} is cancelled", lambda: self.events.send(run, word))

    def _deploy(self) -> None:
        self.pools = deployed_later(self.pools, self.chance)
        self.rates = self.rates | rates(self.pools)
        self._asked()
        self.schedulers.deploy()

    def _draw_upgrade(self) -> None:
        """Within some minutes one function after another is of the newer version, and so is the gateway of new workers."""
        begins = self.chance.between("upgrade", 0, 120_000)
        for place in range(SIDE_BY_SIDE + 1):
            at = begins + self.chance.between("upgrade", 0, 240_000)
            self.agenda.after(at, f"function {place} is upgraded", lambda place=place: self.schedulers.upgrade(place))
        at = begins + self.chance.between("upgrade", 0, 240_000)
        self.agenda.after(at, "the gateway is upgraded", lambda: setattr(self, "gateway_newer", True))

    def _asked(self) -> None:
        """The vendor asks these prices from now on."""
        for offer, rate in self.rates.items():
            self.accounts.rates.setdefault(offer, set()).update([rate] if rate is not None else ())

    def _appended(self, name: str, record: bytes) -> None:
        self.agenda.tell(f"  + {name}: {record.decode()[:600]}")
        try:
            self.witness.appended(name, record_of(record))
        except Exception as error:
            # Whoever appended may catch everything and go on; the world may not.
            self.wrong = self.wrong or error
            raise

    def _worker(self, name: str, handle: str, assignment: Assignment, index, deadline_ms, stopping, use) -> Steps:
        clock = skewed(self.agenda, self.chance)
        newer = self.gateway_newer
        log = log_of(self, self._maybe_throttled, newer=newer)
        about = Surroundings(
            log=log, blobs=self.blobs, clock=clock, send=partial(self._report, newer), real_clock=lambda: self.agenda.now,
            begin=partial(self._begin, use),
            after_report=GoingOn(log, self.blobs), went_on=self._went_on, stopping=stopping,
        )  # fmt: skip
        return working(about, name, handle, assignment, index, deadline_ms, look_first=deadline_ms is None)

    def _maybe_throttled(self, name: str) -> None:
        self.outages.check(name)
        if self.chance.hits("throttle"):
            raise Throttled(name)

    def _report(self, newer: bool, run: str, body: str) -> None:
        self._maybe_throttled("send")
        self.events.send(run, newer_message(body) if newer else body)

    def bury(self, body: str, reason: str) -> None:
        """A message that nobody can deal with is kept, and why."""
        self.agenda.tell(f"buried: {reason[:200]}")
        self.buried[body] = reason

    def _went_on(self) -> None:
        self.eager_starts += 1

    def _begin(self, use: Use, chunk: Chunk, item: WorkItem) -> tuple[Doing, Span]:
        span = Span(chunk.run, item.instance, item.attempt, self.agenda.now)
        use.spans.append(span)
        self.accounts.began(span, use)
        self.witness.begins(chunk.run, chunk.id, item.instance, item.attempt)
        nature = self.programs[chunk.run].natures.get(chunk.task.name, Nature())
        return doing(nature, chunk.task.name, item.instance, item.attempt, item.args), span
