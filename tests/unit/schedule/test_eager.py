"""Who ran an attempt goes on with what it made ready: when it may, what it logs, and what becomes of its slot."""

from __future__ import annotations

from typing import Any

import pytest
from econda_edsl.plan import Plan
from msgspec.structs import replace

from econda_cloud.money.prices import Price
from econda_cloud.ports.log import MemoryLog
from econda_cloud.record.instances import instances_of
from econda_cloud.run import invariants
from econda_cloud.run.pending import pending
from econda_cloud.schedule.eager import next_chunk
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch, LookAfter, ShowStatus, TellBroker
from econda_cloud.wire.entries import Entry, Placed, decode_entry
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptSucceeded,
    CancelRequested,
    ChunkAccepted,
    ChunkLost,
    GrantsSet,
    TimerFired,
)
from tests.play import Play, plan_of

NOW = 1_000_000
LENT_MS = 4_000
PRICE = Price(per_hour=3_600_000_000, per_request=200)
TASK = """
task add(x: Int) -> (y: Int):
    run python:
        y = x + 1
"""


def chain(steps: str, tasks: str = TASK, settings: str = "") -> Plan:
    lines = "\n".join(f"    {line}" for line in steps.strip().splitlines())
    return plan_of(f"edsl 1\n{tasks}\npipeline p() -> (y: Int):\n{settings}{lines}\n")


THREE = chain("a = add(x = 1)\nb = add(x = a.y)\nc = add(x = b.y)\nreturn y = c.y")


class Running:
    """A run whose first attempt was handed over, and what the worker that has just run it knows of the run."""

    def __init__(self, plan: Plan, lent_ms: int = LENT_MS) -> None:
        play = Play(plan, now=NOW, grant={"array": False, "chunk_max": 20, "price": PRICE, "until_ms": NOW + lent_ms,
                                          "lease_ms": 5_400_000})  # fmt: skip
        # With the timer of the next status, which any news asks for.
        play.hear(ChunkAccepted(chunk=play.dispatch().chunk, handle="fn-1"))
        self.plan, self.log = plan, MemoryLog()
        for number, record in enumerate(play.records):
            self.log.append("run/r", number, record)
        self.first = play.dispatch().chunk
        self.scheduler, self.worker = self._history(), self._history()

    def _history(self) -> RunHistory:
        return RunHistory(self.log, lambda *_: self.plan, "r")

    def after(self, chunk: str, event: AnyEvent, now: int = NOW + 50, ends_ms: int | None = None) -> Chunk | None:
        return next_chunk(self.worker, chunk, [event], now, ends_ms)

    def hear(self, *events: AnyEvent, now: int = NOW + 60) -> list[Any]:
        """What a scheduler is to do because of these, who has carried out all that was before."""
        self.scheduler.refresh()
        self.scheduler.done = self.scheduler.seq
        state = self.scheduler.take(events, now)
        assert state is not None
        invariants.check(self.plan, state)
        return pending(state, self.scheduler.done)

    @property
    def state(self) -> Any:
        return self._history().refresh()

    def entries(self) -> list[Entry]:
        return [decode_entry(record) for record in self.log.read("run/r")]


def done(instance: str, y: int = 2, attempt: int = 1, ended: int = NOW + 50) -> AttemptSucceeded:
    return AttemptSucceeded(instance=instance, attempt=attempt, outputs={"y": y}, started_ms=NOW, ended_ms=ended)


def test_a_chain_is_one_record_per_link_and_nothing_else():
    world = Running(THREE)
    before = len(world.entries())
    second = world.after(world.first, done("p/a"))
    assert second is not None
    assert (second.items[0].instance, second.items[0].args) == ("p/b", {"x": 2})
    third = world.after(second.id, done("p/b", 3))
    assert third is not None
    assert third.items[0].args == {"x": 3}
    told = [([type(e).__name__ for e in entry.events], [type(d).__name__ for d in entry.decisions]) for entry in world.entries()[before:]]  # fmt: skip
    assert told == [(["AttemptSucceeded"], ["Booked", "Placed"])] * 2


def test_what_is_known_from_the_link_before_is_not_read_again(monkeypatch):
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    reads = []
    monkeypatch.setattr(world.log, "read", lambda *about: reads.append(about))
    assert world.after(second.id, done("p/b", 3)) is not None
    assert reads == []


def test_who_is_behind_reads_on_and_goes_on():
    world = Running(THREE)
    world.worker.refresh()
    other = world._history()
    second = next_chunk(other, world.first, [done("p/a")], NOW + 50)
    assert second is not None
    # Of the second link only the log knows yet, and later that somebody else was told what follows it.
    assert world.after(second.id, done("p/b", 3)) is not None
    assert next_chunk(other, second.id, [done("p/b", 3)], NOW + 51) is None


def test_who_lost_a_race_reads_no_more_than_what_is_new(monkeypatch):
    world = Running(LONG)
    world.worker.refresh()
    world.hear(ChunkAccepted(chunk=world.first, handle="late word"))
    read, reads = world.log.read, []
    monkeypatch.setattr(world.log, "read", lambda *about: reads.append(about) or read(*about))
    before = world.worker.seq
    [(instance, _)] = world.state.chunks[world.first].open
    reads.clear()
    assert world.after(world.first, done(instance, 1)) is not None
    assert reads == [("run/r", before)]


LONG = chain("""
repeat up to 300:
    carry n: Int = 0
    a = add(x = n)
    next n = n + 1
until n >= 299
return y = n
""")


def test_the_status_of_a_chain_has_a_timer_and_no_link_stops_for_it():
    """Once a timer has had it shown; the timer may come late."""
    world = Running(LONG, lent_ms=60_000)
    now, rings, shown, stops = NOW, [], [], []
    [(chunk, held)] = world.state.chunks.items()
    [(instance, _)] = held.open
    for number in range(200):
        now += 100
        timer = world.state.wake_ms
        if now >= timer + 300:
            rings.append(number)
            shown += [c for c in world.hear(TimerFired(at_ms=timer), now=now) if isinstance(c, ShowStatus)]
        ended = done(instance, number + 1, ended=now)
        following = world.after(chunk, ended, now)
        if following is None:
            stops.append(number)
            world.hear(ended, now=now)
            [(chunk, held)] = world.state.chunks.items()
            [(instance, _)] = held.open
        else:
            chunk, instance = following.id, following.items[0].instance
    assert len(rings) == len(shown) == 3
    assert [number for number in stops if number > rings[0]] == []


def test_a_chain_has_its_slot_lent_for_longer_before_it_must_give_it_back():
    world = Running(LONG, lent_ms=14_000)
    [(chunk, held)] = world.state.chunks.items()
    [(instance, _)] = held.open
    told, stops, later = [], [], NOW + 60_000
    for number in range(200):
        now = NOW + 100 * (number + 1)
        timer = world.state.wake_ms
        if now >= timer:
            told += [c.told for c in world.hear(TimerFired(at_ms=timer), now=now) if isinstance(c, TellBroker)]
        if told and world.state.telling.answered < told[-1].version:
            assert [(want.ready, sum(want.held.values())) for want in told[-1].wants] == [(0, 1)]
            grants = tuple(replace(grant, until_ms=later) for grant in world.state.grants.values())
            world.hear(GrantsSet(version=world.state.grants_version + 1, told=told[-1].version, grants=grants), now=now)
        ended = done(instance, number + 1, ended=now)
        following = world.after(chunk, ended, now)
        if following is None:
            stops.append(number)
            world.hear(ended, now=now)
            [(chunk, held)] = world.state.chunks.items()
            [(instance, _)] = held.open
        else:
            chunk, instance = following.id, following.items[0].instance
    assert len(told) == 1
    assert [number for number in stops if number > 60] == []


def test_a_job_that_dies_takes_what_it_has_gone_on_with_along():
    world = Running(THREE)
    second = world.after(world.first, replace(done("p/a"), handle="fn-1"))
    assert second is not None
    # Another one's death, a duplicate's for example, does no harm.
    world.hear(ChunkLost(chunk=world.first, failure="lost", message="killed", handle="fn-2"))
    assert second.id in world.state.chunks
    world.hear(ChunkLost(chunk=world.first, failure="lost", message="killed", handle="fn-1", started_ms=NOW - 9))
    assert second.id not in world.state.chunks
    assert instances_of(world.entries())["p/b"].attempts[0].state == "lost"
    assert world.state.counts.retried == 0


def test_nobody_hands_over_what_is_gone_on_with():
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    assert world.state.chunks[second.id].here
    assert [c for c in pending(world.state, 0) if isinstance(c, Dispatch)] == []
    # Not even when it is looked after because nobody has heard of it.
    commands = world.hear(now=world.state.chunks[second.id].look_ms + 1)
    assert not any(isinstance(c, Dispatch) for c in commands)
    [look] = [c for c in commands if isinstance(c, LookAfter)]
    assert (look.chunk, look.here) == (second.id, True)


def test_the_run_uses_the_one_slot_it_has_and_gives_it_back_after_the_last_link():
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    assert list(world.state.used.values()) == [1]
    third = world.after(second.id, done("p/b", 3))
    assert third is not None
    [told] = [c.told for c in world.hear(done("p/c", 4)) if isinstance(c, TellBroker)]
    assert (told.over, told.wants) == (True, ())


def test_the_last_link_is_left_to_the_scheduler():
    world = Running(chain("a = add(x = 1)\nreturn y = a.y"))
    before = len(world.entries())
    assert world.after(world.first, done("p/a")) is None
    assert len(world.entries()) == before


ROUNDS = """
repeat up to 5:
    carry k: Int = 0
    a = add(x = k)
    next k = a.y
until a.y >= 3 else fail "never"
return y = k
"""


def test_rounds_of_a_repeat_are_a_chain_too():
    world = Running(chain(ROUNDS))
    second = world.after(world.first, done("p/repeat[1]/a", 1))
    assert second is not None
    assert second.items[0].instance == "p/repeat[2]/a"


SETTINGS = {
    "two become ready": "a = add(x = 1)\nb = add(x = a.y)\nc = add(x = a.y)\nreturn y = b.y + c.y",
    "more memory": "a = add(x = 1)\nb = add(x = a.y) with memory = 3GiB\nreturn y = b.y",
    "other needs": "a = add(x = 1)\nb = add(x = a.y) with gpu = 1\nreturn y = b.y",
}


@pytest.mark.parametrize("steps", SETTINGS.values(), ids=SETTINGS)
def test_what_the_slot_will_not_do_for_goes_the_long_way(steps):
    world = Running(chain(steps))
    before = len(world.entries())
    assert world.after(world.first, done("p/a")) is None
    assert len(world.entries()) == before


def test_a_slot_will_do_for_what_needs_the_same_for_longer():
    world = Running(chain("a = add(x = 1)\nb = add(x = a.y) with time = 10min\nreturn y = b.y"))
    assert world.after(world.first, done("p/a")) is not None
    assert list(world.state.used.values()) == [1]
    [grant] = world.state.grants.values()
    assert (grant.slots, grant.demand) == (1, next(iter(world.state.chunks.values())).demand)


def test_a_slot_is_gone_on_in_until_it_is_to_be_given_back():
    assert Running(THREE).after("r.1", done("p/a"), NOW + LENT_MS - 1) is not None
    assert Running(THREE).after("r.1", done("p/a"), NOW + LENT_MS) is None


def test_a_task_with_more_time_than_the_invocation_has_left_goes_elsewhere():
    plan = chain("a = add(x = 1) with timeout = 10min\nb = add(x = a.y) with timeout = 10min\nreturn y = b.y")
    assert Running(plan).after("r.1", done("p/a"), ends_ms=NOW + 900_000) is not None
    assert Running(plan).after("r.1", done("p/a"), ends_ms=NOW + 500_000) is None


def test_a_failure_is_for_the_scheduler():
    world = Running(THREE)
    assert world.after(world.first, AttemptFailed(instance="p/a", attempt=1, failure="failed", message="no")) is None


def test_a_report_of_what_is_not_at_work_leads_nowhere():
    world = Running(THREE)
    assert world.after(world.first, done("p/a", attempt=2)) is None
    assert world.after("r.77", done("p/a")) is None


def test_nothing_goes_on_in_a_run_that_was_cancelled_meanwhile():
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    world.hear(CancelRequested(by="ada"))
    before = len(world.entries())
    assert world.after(second.id, done("p/b", 3)) is None
    assert len(world.entries()) == before


def test_who_is_overtaken_goes_on_with_nothing(monkeypatch):
    world = Running(THREE)
    right = world.worker.propose

    def overtaken(*given: Any, **more: Any) -> bytes:
        record = right(*given, **more)
        world.hear(ChunkAccepted(chunk=world.first, handle="late word"))
        return record

    monkeypatch.setattr(world.worker, "propose", overtaken)
    assert world.after(world.first, done("p/a")) is None
    assert world.state.counts.succeeded == 0


def test_the_schedulers_late_word_that_the_pool_has_it_is_no_hindrance():
    world = Running(THREE)
    world.worker.refresh()
    world.hear(ChunkAccepted(chunk=world.first, handle="fn-1"))
    assert world.after(world.first, done("p/a")) is not None


def test_the_word_that_the_invocation_died_is_about_whatever_it_was_at():
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    world.hear(ChunkLost(chunk=second.id, failure="lost", message="the function ended"), now=NOW + 200)
    assert not world.state.chunks
    rows = instances_of(world.entries())
    assert (rows["p/a"].state, rows["p/b"].state) == ("succeeded", "lost")


def test_a_link_whose_worker_is_never_heard_of_is_missed_when_its_time_is_over():
    world = Running(THREE)
    second = world.after(world.first, done("p/a"))
    assert second is not None
    until_ms = world.state.chunks[second.id].until_ms
    world.hear(TimerFired(at_ms=until_ms), now=until_ms)
    world.hear(TimerFired(at_ms=until_ms), now=until_ms + 200_000)
    assert not world.state.chunks
    assert world.state.root is not None


def test_what_a_worker_does_not_know_to_be_done_stays_to_be_done():
    """Its record must not say that what the scheduler was about to do has been done."""
    world = Running(THREE)
    scheduler_was_at = world.state.carried
    assert world.after(world.first, done("p/a")) is not None
    assert world.entries()[-1].carried <= scheduler_was_at


def test_links_are_booked_one_by_one_and_in_whole():
    world = Running(THREE)
    second = world.after(world.first, done("p/a", ended=NOW + 1_000), NOW + 1_000)
    assert second is not None
    spent = world.state.spent
    assert spent == 1_000_000 + 200
    world.after(second.id, done("p/b", 3, ended=NOW + 1_000), NOW + 1_100)
    assert world.state.spent == 2 * spent - 200, "the second link made no request of its own"
    [placed] = [d for d in world.entries()[-1].decisions if isinstance(d, Placed)]
    assert placed.here
