"""A team's scheduler and broker on in-memory twins, whose effects are counted and may be refused, fail or kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from econda_edsl.plan import Plan, Policy

from econda_cloud.money.prices import Price
from econda_cloud.ports.blobs import BlobStore, MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.pool import Accepted, Answer
from econda_cloud.ports.run_index import MemoryRunIndex
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_rounds import BrokerRounds
from econda_cloud.schedule.effects import Handing
from econda_cloud.schedule.history import SNAPSHOT_EVERY
from econda_cloud.schedule.rounds import Outcomes, Rounds, Taking
from econda_cloud.schedule.status import StatusBoard, publish_outputs, show_broken
from econda_cloud.wire.commands import CancelAttempts, Keep, LookAfter, LookUp, Publish
from econda_cloud.wire.events import AnyEvent, AttemptSucceeded, GrantsSet, Item, RunStarted
from econda_cloud.wire.grants import RunTold
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.play import plan_of

GIB = 1024**3
TASK = """edsl 1

task one(x: Int) -> (y: Int):
    needs:
        time = 1s
    run python:
        y = x

"""


def fan(members: int) -> Plan:
    return plan_of(f"{TASK}pipeline p() -> (n: Int):\n    f = foreach i in 1..{members}:\n        a = one(i)\n        gather a.y\n    return n = len(f.done)\n")  # fmt: skip


def pool(slots: int = 500, **more) -> Pool:
    offer = Offer(name="fn", node=Node(cpu_milli=1_000, memory=2 * GIB), cold_start_ms=200,
                  price=Price(per_gib_hour=60_000_000, per_request=200))  # fmt: skip
    members = {"name": "fn", "driver": "aws.lambda", "offers": (offer,), "slots": slots, "cpu_milli": 10**9,
               "memory": 2**50, "max_time_ms": 900_000, "chunk_max": 100}  # fmt: skip
    return Pool(**{**members, **more})


class CountingLog(MemoryLog):
    """Counts requests, by what they do and to whose log: `append run`, `read ledger`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.of: Counter[tuple[str, str]] = Counter()

    def append(self, name: str, expected: int, record: bytes) -> int:
        self.asked[f"append {name.partition('/')[0]}"] += 1
        self.of["append", name] += 1
        return super().append(name, expected, record)

    def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
        self.asked[f"read {name.partition('/')[0]}"] += 1
        self.of["read", name] += 1
        return super().read(name, after, most)


class Team:
    """`effect` is called before each effect with its name and run. Messages lie in queues until they are delivered."""

    def __init__(
        self,
        plans: Mapping[str, Plan] | Plan,
        *pools: Pool,
        log: MemoryLog | None = None,
        blobs: BlobStore | None = None,
        effect: Callable[[str, str], None] = lambda *_: None,
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        self.plans, self.pools, self.effect, self.every = plans, pools or (pool(),), effect, snapshot_every
        self.log, self.blobs = CountingLog() if log is None else log, MemoryBlobs() if blobs is None else blobs
        self.index = MemoryRunIndex()
        self.done: Counter[str] = Counter()
        self.chunks: dict[str, tuple[str, tuple[Item, ...]]] = {}
        self.to_runs: list[tuple[str, AnyEvent]] = []
        self.to_broker: list[RunTold] = []
        self.timers: list[tuple[int, str]] = []
        self.ended: dict[str, RunState] = {}
        self.messages: dict[str, str] = {}
        self.publishing: list[tuple[str, str]] = []
        self.answer_to: Callable[[Handing], Answer] = lambda handing: Accepted(f"job of {handing.command.chunk}")
        self.renew()
        self.renew_broker()

    def renew(self) -> None:
        """A fresh scheduler, which knows nothing."""
        self.board = StatusBoard(self.blobs)
        self.rounds = Rounds(self.log, self._plan, self, self.blobs, snapshot_every=self.every, index=self.index)

    def renew_broker(self) -> None:
        self.broker = BrokerRounds(self.log, "t", self, lambda _: None, self.blobs, snapshot_every=self.every)
        self.broker.declare(self.pools, 0)

    def _plan(self, namespace: str, run: str) -> Plan:
        del namespace
        if isinstance(self.plans, Plan):
            return self.plans
        return self.plans[run]

    # Messages ------------------------------------------------------------------------------------------------------

    def start(self, *runs: str, now: int = 1_000) -> Outcomes:
        return self.take([(run, [self.started(run)]) for run in runs], now)

    def started(self, run: str) -> RunStarted:
        return RunStarted(run=run, namespace="n", plan=self._plan("n", run).digest, params={}, seed=1)

    def take(
        self, batch: Iterable[tuple[str, Sequence[AnyEvent]]], now: int, *, again: bool = False, unsure: bool = False
    ) -> Outcomes:
        return self.rounds.take([Taking(run, tuple(events), again, unsure) for run, events in batch], lambda: now)

    def settle(self, now: int) -> None:
        """Deliver what broker and runs have to tell each other, until they have no more to say."""
        while self.to_broker or self.to_runs:
            told, self.to_broker = self.to_broker, []
            if told:
                self.broker.take(told, now)
            batch: dict[str, list[AnyEvent]] = {}
            answers, self.to_runs = self.to_runs, []
            for run, event in answers:
                batch.setdefault(run, []).append(event)
            outcomes = self.take(batch.items(), now)
            assert not outcomes.later, outcomes.later

    def begun(self, *runs: str, now: int = 1_000) -> None:
        self.start(*runs, now=now)
        self.settle(now)

    def results(self, run: str, now: int, y: int = 1) -> list[AnyEvent]:
        """Those of all that is at work in a run, which is at work no more."""
        mine = [chunk for chunk, (of, _) in self.chunks.items() if of == run]
        return [AttemptSucceeded(instance=i, attempt=n, outputs={"y": y}, started_ms=now - 1, ended_ms=now)
                for chunk in mine for i, n in self.chunks.pop(chunk)[1]]  # fmt: skip

    def state(self, run: str) -> RunState:
        found = self.rounds.state(run)
        assert found is not None
        return found

    # Effects of runs -----------------------------------------------------------------------------------------------

    def dispatch(self, work: Sequence[Handing]) -> Sequence[Answer]:
        answers: list[Answer] = []
        for handing in work:
            self._do("dispatch", handing.chunk.run)
            answers.append(self.answer_to(handing))
            if isinstance(answers[-1], Accepted):
                self.chunks.setdefault(handing.command.chunk, (handing.chunk.run, handing.command.items))
        return answers

    def cancel(self, state: RunState, commands: Sequence[CancelAttempts]) -> None:
        del commands
        self._do("cancel", state.run)

    def look_after(self, state: RunState, command: LookAfter) -> Sequence[AnyEvent]:
        del command
        self._do("look after", state.run)
        return ()

    def look_up(self, plan: Plan, state: RunState, commands: Sequence[LookUp]) -> Sequence[AnyEvent]:
        raise AssertionError(f"nothing is kept here: {plan.name}, {state.run}, {commands}")

    def keep(self, plan: Plan, state: RunState, commands: Sequence[Keep]) -> None:
        raise AssertionError(f"nothing is kept here: {plan.name}, {state.run}, {commands}")

    def tell_broker(self, told: Sequence[tuple[RunTold, Policy | None]]) -> None:
        for each, _ in told:
            self._do("tell broker", each.run)
            self.to_broker.append(each)

    def wake(self, run: str, at_ms: int, now: int) -> None:
        del now
        self._do("wake", run)
        self.timers.append((at_ms, run))

    def show(self, plan: Plan, state: RunState, seq: int) -> None:
        self._do("show", state.run)
        self.board.show(state, seq, plan)

    def finished(self, plan: Plan, state: RunState, seq: int) -> None:
        self.board.show(state, seq, plan)
        self._do("finished", state.run)
        publish_outputs(self.blobs, state, plan)
        self.ended[state.run] = state

    def publish(self, state: RunState, command: Publish) -> Sequence[AnyEvent]:
        self._do("publish", state.run)
        self.publishing.append((state.run, command.to))
        return []

    def broken(self, namespace: str, run: str, message: str) -> None:
        self._do("broken", run)
        self.messages[run] = message
        show_broken(self.blobs, namespace, run, message)

    # Effects of the broker -----------------------------------------------------------------------------------------

    def answer(self, answers: Sequence[tuple[str, GrantsSet]]) -> None:
        for run, answer in answers:
            self._do("answer", run)
            self.to_runs.append((run, answer))

    def wake_broker(self, at_ms: int, now: int) -> None:
        raise AssertionError(f"nobody has a policy here: {at_ms}, {now}")

    def _do(self, what: str, run: str) -> None:
        self.effect(what, run)
        self.done[what] += 1
