"""Runs come onto the index when they begin: before their first record, once, and whatever goes wrong between."""

from __future__ import annotations

import pytest

from econda_cloud.ports.log import Conflict
from econda_cloud.ports.run_index import IndexedRun, MemoryRunIndex
from econda_cloud.wire.entries import decode_entry
from tests.unit.schedule.team import CountingLog, Team, fan

FAN = fan(3)


class Killed(BaseException):
    """As a process that dies."""


class DyingLog(CountingLog):
    dies = True

    def append(self, name: str, expected: int, record: bytes) -> int:
        if self.dies and name.startswith("run/"):
            raise Killed
        return super().append(name, expected, record)


class CountingIndex(MemoryRunIndex):
    writes = 0
    away = False

    def add(self, run: IndexedRun) -> None:
        self.writes += 1
        if self.away:
            raise OSError("throttled")
        super().add(run)


def test_a_run_is_listed_with_the_time_of_its_first_record_by_one_write():
    team = Team(FAN)
    team.index = CountingIndex()
    team.renew()
    team.begun("a", now=1_000)
    team.take([("a", team.results("a", 2_000))], 2_000)
    assert team.state("a").outcome is not None
    assert team.index.newest("n", 10) == [IndexedRun("n", "a", 1_000)]
    assert team.index.writes == 1


def test_a_run_whose_beginner_died_is_on_the_index_when_its_message_comes_again():
    team = Team(FAN, log=(log := DyingLog()))
    with pytest.raises(Killed):
        team.start("a", now=1_000)
    team.renew()
    log.dies = False
    team.start("a", now=5_000)
    [first] = log.read("run/a", most=1)
    assert IndexedRun("n", "a", decode_entry(first).now) in team.index.newest("n", 10)


def test_a_run_does_not_begin_where_it_cannot_be_listed():
    team = Team(FAN)
    team.index = CountingIndex()
    team.index.away = True
    team.renew()
    outcomes = team.start("a", now=1_000)
    assert str(outcomes.later["a"]) == "throttled"
    assert team.log.read("run/a") == []
    team.index.away = False
    assert team.start("a", now=2_000).done == ["a"]
    assert team.index.newest("n", 10) == [IndexedRun("n", "a", 2_000)]


def test_who_was_not_the_first_leaves_an_item_of_another_time_only():
    """Two schedulers take the first message of a run: one wins the append, and only its item is the run's."""

    class Late(CountingLog):
        def append(self, name: str, expected: int, record: bytes) -> int:
            if name == "run/a" and expected == 0 and not self.read("run/a"):
                super().append(name, 0, first)
                raise Conflict(name)
            return super().append(name, expected, record)

    winner = Team(FAN)
    winner.start("a", now=1_000)
    [first] = winner.log.read("run/a", most=1)
    team = Team(FAN, log=(log := Late()))
    team.start("a", now=1_007)
    began = decode_entry(log.read("run/a", most=1)[0]).now
    assert began == 1_000
    assert IndexedRun("n", "a", began) not in team.index.newest("n", 10)
    assert [run.started_ms for run in team.index.newest("n", 10)] == [1_007]
