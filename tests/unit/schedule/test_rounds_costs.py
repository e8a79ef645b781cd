"""What batches cost: one record of each run, and little when they come again; what there is no time for is handed back."""

from __future__ import annotations

import pytest

from econda_cloud.schedule import run_history
from econda_cloud.schedule.broker_rounds import BrokerRounds
from econda_cloud.schedule.rounds import Taking
from econda_cloud.wire.entries import decode_entry
from econda_cloud.wire.events import TimerFired
from tests.unit.schedule.team import Team, fan, pool

RUNS = ("good", "bad", "fine")
FAN = fan(3)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Plans are remembered by digest; here each run has to have its own."""
    monkeypatch.setattr(run_history, "_KNOWN", {})


def test_what_there_is_no_time_for_is_handed_back_untouched():
    team, times = Team(FAN), iter([True, True, False] + [True] * 99)
    outcomes = team.rounds.take([Taking(run, (team.started(run),)) for run in RUNS], lambda: 1_000, lambda: next(times))
    assert list(outcomes.later) == ["fine"]
    assert team.log.read("run/fine") == []
    assert sorted(outcomes.done) == ["bad", "good"]
    assert team.take([("fine", [team.started("fine")])], 2_000).done == ["fine"]


# What it costs ---------------------------------------------------------------------------------------------------------


def many(runs: int) -> tuple[Team, list[str]]:
    team, names = Team(fan(20), pool(slots=500)), [f"r{n}" for n in range(runs)]
    team.begun(*names)
    team.log.asked.clear()
    team.log.of.clear()
    team.done.clear()
    return team, names


def test_a_batch_of_two_hundred_runs_costs_one_record_of_each_and_one_word_to_the_broker_of_each():
    team, names = many(200)
    team.take([(name, team.results(name, 2_000)) for name in names], 2_000)
    assert team.log.asked["append run"] <= 2 * 200
    assert max(team.log.of.values()) <= 4
    assert team.log.asked["append ledger"] == 0, "the broker has a queue and a function of its own"
    assert team.done["tell broker"] <= 200


def test_a_batch_that_comes_again_costs_a_few_reads_of_each_run_and_no_records():
    team, names = many(200)
    batch = [(name, [TimerFired()]) for name in names]
    outcomes = team.take(batch, 2_000, again=True)
    assert sorted(outcomes.done) == sorted(names)
    assert team.log.asked["append run"] == 0
    assert team.log.asked["append ledger"] + team.log.asked["read ledger"] == 0
    assert max(team.log.of.values()) <= 3
    assert team.done["tell broker"] <= 200, "of no other run than its own"


def test_a_batch_of_results_that_comes_again_to_a_fresh_process_reads_each_run_once():
    team, names = many(200)
    batch = [(name, team.results(name, 2_000)) for name in names]
    team.take(batch, 2_000)
    team.renew()
    team.log.of.clear()
    team.log.asked.clear()
    outcomes = team.take(batch, 2_001, again=True)
    assert not outcomes.later
    assert max(count for (what, _), count in team.log.of.items() if what == "read") <= 3
    assert team.log.asked["append run"] <= 200
    assert team.log.asked["append ledger"] == 0


def test_a_batch_of_the_broker_is_one_record_however_many_runs_told():
    team, names = many(200)
    team.take([(name, team.results(name, 2_000)) for name in names], 2_000)
    told, team.to_broker = team.to_broker, []
    team.log.asked.clear()
    team.broker.take(told, 2_001)
    assert (team.log.asked["append ledger"], team.log.asked["read ledger"]) == (1, 0)
    team.log.asked.clear()
    team.broker.take(told, 2_002, again=True)
    assert team.log.asked["append ledger"] == 0, "all of it is on record"
    answered = team.done["answer"]
    team.broker.take(told, 2_003)
    assert team.done["answer"] <= 2 * max(1, answered)


def test_a_broker_that_another_one_was_faster_than_reads_on_and_takes_it_all_the_same():
    team, names = many(3)
    slower, told = team.broker, []
    for name in names:
        team.take([(name, team.results(name, 2_000))], 2_000)
        told.append(team.to_broker)
        team.to_broker = []
    slower.take(told[0], 2_001)
    team.renew_broker()
    team.broker.take(told[1], 2_002)
    slower.take(told[2], 2_003)
    fresh = BrokerRounds(team.log, "t", team, lambda _: None)
    assert fresh.history.refresh() == slower.state
    assert slower.state.runs == {}, "all three are over"


def test_what_an_early_timer_asks_for_is_no_record():
    team, names = many(3)
    before = {name: len(team.log.read(f"run/{name}")) for name in names}
    for now in range(1_001, 1_020):
        team.take([(name, [TimerFired(at_ms=now)]) for name in names], now)
    assert {name: len(team.log.read(f"run/{name}")) for name in names} == before


def test_runs_that_were_not_heard_of_are_forgotten_when_all_are_too_large(monkeypatch):
    monkeypatch.setattr("econda_cloud.schedule.rounds.RECORDS_WARM", 20_000)
    team, names = many(40)
    team.take([(name, team.results(name, 2_000)) for name in names], 2_000)
    assert len(team.rounds._runs) < 40
    assert team.state(names[0]).outcome is not None or team.state(names[0]).counts.succeeded > 0


def test_records_say_what_is_known_to_be_done():
    team = Team(FAN)
    team.begun("good")
    entries = [decode_entry(record) for record in team.log.read("run/good")]
    assert [entry.carried for entry in entries] == list(range(len(entries)))
    assert not any(entry.unsure for entry in entries)
