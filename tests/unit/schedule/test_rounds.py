"""A batch of many runs: what is wrong with one is told to its user and harms no other."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from econda_edsl.plan import Plan

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import Damaged
from econda_cloud.ports.pool import Accepted, Later, Refused
from econda_cloud.run.advance import decide
from econda_cloud.schedule import run_history
from econda_cloud.schedule.run_history import NoPlan
from econda_cloud.wire.entries import ENGINE_VERSION, FromTheFuture, Placed, Retry, decode_entry, encode_entry
from econda_cloud.wire.events import AttemptSucceeded, CancelRequested, RunBroken, TimerFired
from econda_cloud.wire.outcome import Outcome
from tests.unit.schedule.team import TASK, CountingLog, Team, fan, plan_of

RUNS = ("good", "bad", "fine")
FAN = fan(3)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Plans are remembered by digest; here each run has to have its own."""
    monkeypatch.setattr(run_history, "_KNOWN", {})


def ended(team: Team, now: int = 2_000) -> dict[str, Any]:
    """All that is at work succeeds, in one batch; what became of each run."""
    return {"outcomes": team.take([(run, team.results(run, now)) for run in RUNS], now)}


def status(team: Team, run: str) -> dict[str, Any]:
    return json.loads(team.blobs.get(f"runs/n/{run}/status.json"))


def others_are_well(team: Team) -> None:
    for run in RUNS:
        if run != "bad":
            state = team.state(run)
            assert state.outcome == Outcome(state="succeeded", outputs={"n": 3}), run
            assert status(team, run)["state"] == "succeeded"


def failing(when: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deciding on such an event of the run `bad` raises."""

    def fails(plan: Plan, state: Any, events: Any, now: int, **more: Any) -> Any:
        bad = state is not None and state.run == "bad"
        if bad and any(isinstance(event, when) for event in events):
            # Half of it is done when it goes wrong.
            state.spent += 10**12
            raise ZeroDivisionError("a fault of ours")
        return decide(plan, state, events, now, **more)

    monkeypatch.setattr(run_history, "decide", fails)


def test_a_run_on_whose_events_nothing_can_be_decided_is_over_and_says_so(monkeypatch):
    team = Team(FAN)
    team.begun(*RUNS)
    failing(AttemptSucceeded, monkeypatch)
    outcomes = ended(team)["outcomes"]
    assert sorted(outcomes.done) == sorted(RUNS)
    state = team.state("bad")
    assert state.outcome is not None
    assert "ZeroDivisionError: a fault of ours" in state.outcome.error
    assert state.spent < 10**12, "what was half done is thrown away"
    assert "a fault of econda or of the plan" in status(team, "bad")["error"]
    others_are_well(team)
    team.settle(2_001)
    assert team.broker.state.runs == {}
    # The log is whole: anybody can fold it.
    team.renew()
    assert team.state("bad").outcome == state.outcome


def test_a_run_that_cannot_even_be_ended_is_given_up_and_says_so(monkeypatch):
    team = Team(FAN)
    team.begun(*RUNS)
    failing(AttemptSucceeded | RunBroken, monkeypatch)  # type: ignore[arg-type]
    records = len(team.log.read("run/bad"))
    outcomes = ended(team)["outcomes"]
    assert sorted(outcomes.done) == ["fine", "good"]
    assert "ZeroDivisionError" in outcomes.refused["bad"]
    assert len(team.log.read("run/bad")) == records, "a record that nobody can fold would be the end of it"
    assert (status(team, "bad")["state"], "ZeroDivisionError" in status(team, "bad")["error"]) == ("failed", True)
    others_are_well(team)


@pytest.mark.parametrize("begun", [True, False])
def test_a_run_whose_plan_is_gone_is_given_up_and_says_so(begun):
    own = fan(4)
    team = Team({"good": FAN, "bad": own, "fine": FAN})
    started = {run: team.started(run) for run in RUNS}
    if begun:
        team.begun(*RUNS)
    plans = {"good": FAN, "fine": FAN}

    def find(namespace: str, run: str) -> Plan:
        if run not in plans:
            raise NoPlan(f"the plan of {run} is gone from {namespace}")
        return plans[run]

    run_history._KNOWN.clear()
    team._plan = find  # type: ignore[method-assign]
    team.renew()
    batch = [(run, team.results(run, 2_000) if begun else [started[run]]) for run in ("bad", "good", "fine")]
    outcomes = team.take(batch, 2_000)
    assert sorted(outcomes.done) == ["fine", "good"]
    assert outcomes.refused["bad"] == team.messages["bad"] == "NoPlan: the plan of bad is gone from n"
    # What it was lent is free again, for the broker as well.
    team.broker.take(team.to_broker, 2_000)
    assert "bad" not in team.broker.state.runs
    if begun:
        others_are_well(team)
    else:
        assert (status(team, "bad")["state"], status(team, "bad")["error"]) == ("failed", team.messages["bad"])


@pytest.mark.parametrize("begun", [True, False])
def test_a_run_whose_plan_was_replaced_is_given_up_and_says_so(begun):
    """Folding its log by another plan would make another run of it."""
    team = Team({"good": FAN, "bad": fan(5), "fine": FAN})
    started = {run: team.started(run) for run in RUNS}
    if begun:
        team.begun(*RUNS)
    run_history._KNOWN.clear()
    team._plan = lambda *_: FAN  # type: ignore[method-assign]
    team.renew()
    outcomes = team.take([("bad", team.results("bad", 2_000) if begun else [started["bad"]])], 2_000)
    assert outcomes.done == []
    assert "NoPlan: the stored plan of bad is" in outcomes.refused["bad"]
    assert team.messages["bad"] == outcomes.refused["bad"]
    team.broker.take(team.to_broker, 2_000)
    assert "bad" not in team.broker.state.runs


def test_a_store_that_gives_no_plan_now_is_waited_for():
    team, down = Team(FAN), {"bad"}
    started = team.started("bad")

    def find(namespace: str, run: str) -> Plan:
        if run in down:
            raise ConnectionError(f"503 slow down, {namespace}")
        return FAN

    team._plan = find  # type: ignore[method-assign]
    team.renew()
    outcomes = team.take([("bad", [started])], 1_000)
    assert isinstance(outcomes.later["bad"], ConnectionError)
    assert team.log.read("run/bad") == []
    assert "bad" not in team.messages, "nothing is wrong with the run"
    down.clear()
    assert team.take([("bad", [started])], 2_000, again=True).done == ["bad"]


def garbage(records: list[bytes]) -> None:
    records[1] = b"\x00garbage"


def cut(records: list[bytes]) -> None:
    records[1] = records[1][:-20]


def of_another_run(records: list[bytes]) -> None:
    entry = decode_entry(records[1])
    records[1] = encode_entry(msgspec.structs.replace(entry, decisions=(Retry(5), *entry.decisions)))


@pytest.mark.parametrize("damage", [garbage, cut, of_another_run])
def test_a_run_whose_log_is_damaged_is_given_up_and_says_so(damage):
    team = Team(FAN)
    team.begun(*RUNS)
    damage(team.log._records["run/bad"])
    before = list(team.log._records["run/bad"])
    team.renew()
    outcomes = ended(team)["outcomes"]
    assert sorted(outcomes.done) == ["fine", "good"]
    assert "record" in outcomes.refused["bad"]
    assert "run/bad" in outcomes.refused["bad"]
    assert (status(team, "bad")["state"], status(team, "bad")["error"]) == ("failed", outcomes.refused["bad"])
    assert team.log._records["run/bad"] == before, "nothing is added to what nobody can read"
    others_are_well(team)


def test_a_run_whose_first_record_is_damaged_is_told_where_nobody_knows_whose_it_was():
    team = Team(FAN)
    team.begun(*RUNS)
    team.log._records["run/bad"][0] = b"garbage"
    team.renew()
    ended(team)
    assert json.loads(team.blobs.get("runs/broken/bad/status.json"))["state"] == "failed"
    others_are_well(team)


def test_a_log_without_what_later_records_need_is_given_up():
    team = Team(FAN)
    team.begun(*RUNS)
    ended(team)
    records = team.log._records["run/bad"]
    records[:] = [each for each in records if not any(isinstance(d, Placed) for d in decode_entry(each).decisions)]
    team.renew()
    assert "Unfoldable" in team.take([("bad", [TimerFired()])], 3_000).refused["bad"]


def test_a_log_that_lacks_a_record_is_known_by_its_numbers_and_the_run_says_so():
    class Holes(CountingLog):
        def read(self, name: str, after: int = 0, most: int | None = None) -> list[bytes]:
            if name == "run/bad" and after < 2:
                raise Damaged("record 2 of run/bad is missing")
            return super().read(name, after, most)

    team = Team(FAN, log=Holes())
    team.begun("good", "fine")
    outcomes = team.take([("bad", [team.started("bad")]), ("good", team.results("good", 2_000))], 2_000)
    assert "record 2 of run/bad is missing" in outcomes.refused["bad"]
    assert outcomes.done == ["good"]


def test_a_record_of_a_newer_version_is_left_to_a_newer_function():
    team = Team(FAN)
    team.begun(*RUNS)
    newer = json.loads(team.log._records["run/bad"][-1]) | {"engine": ENGINE_VERSION + 1}
    newer["decisions"] = [["dream", 5]]
    team.log._records["run/bad"].append(msgspec.json.encode(newer))
    before = len(team.log.read("run/bad"))
    outcomes = ended(team)["outcomes"]
    assert isinstance(outcomes.later["bad"], FromTheFuture)
    assert f"version {ENGINE_VERSION + 1} of the engine" in str(outcomes.later["bad"])
    assert "bad" not in team.messages, "nothing is wrong with the run"
    assert len(team.log.read("run/bad")) == before
    others_are_well(team)


def test_a_record_of_a_newer_version_may_look_like_one_of_this_and_is_left_all_the_same():
    team = Team(FAN)
    team.begun(*RUNS)
    newer = json.loads(team.log._records["run/bad"][-1]) | {"engine": ENGINE_VERSION + 1, "decisions": [["booked", 7]]}
    team.log._records["run/bad"].append(msgspec.json.encode(newer))
    outcomes = ended(team)["outcomes"]
    assert isinstance(outcomes.later["bad"], FromTheFuture)
    assert "bad" not in team.messages, "nothing is wrong with the run"
    others_are_well(team)


def test_a_chunk_that_its_pool_refuses_for_good_fails_its_attempts_and_says_why():
    team = Team(FAN)
    team.answer_to = lambda h: Refused("ClientException: image is no image") if h.chunk.run == "bad" else Accepted("h")
    team.begun(*RUNS)
    state = team.state("bad")
    assert state.outcome is not None
    assert "its pool refuses it: ClientException: image is no image" in status(team, "bad")["error"]
    assert state.spent == 0
    ended(team)
    others_are_well(team)


def test_a_chunk_that_its_pool_does_not_take_now_is_handed_over_again():
    team, tries = Team(FAN), Counter[str]()

    def busy(handing: Any) -> Any:
        tries[handing.command.chunk] += 1
        late = handing.chunk.run == "bad" and tries[handing.command.chunk] < 3
        return Later("too many requests", 5_000) if late else Accepted("job")

    team.answer_to = busy
    team.begun(*RUNS)
    mine = set(team.state("bad").chunks)
    assert (len(mine), {tries[chunk] for chunk in mine}) == (3, {1})
    assert {chunk.waits for chunk in team.state("bad").chunks.values()} == {"too many requests"}
    now = 1_000
    while any(tries[chunk] < 3 for chunk in mine):
        now = team.state("bad").wake_ms
        assert 1_000 < now < 300_000
        team.take([("bad", [TimerFired(at_ms=now)])], now)
    assert set(tries.values()) == {1, 3}, "nothing else is handed over twice"
    ended(team, now + 1_000)
    assert team.state("bad").outcome == Outcome(state="succeeded", outputs={"n": 3})


def test_a_pool_that_is_away_for_hours_is_asked_some_dozen_times_and_not_every_second():
    team, tries = Team(fan(1)), list[int]()

    def away(handing: Any) -> Any:
        tries.append(now)
        return Later(f"no answer about {handing.command.chunk}", 1_000) if now < 6 * 3_600_000 else Accepted("job")

    team.answer_to = away
    now = 1_000
    team.begun("r", now=now)
    while now < 6 * 3_600_000:
        now = max(team.state("r").wake_ms, now + 1)
        team.take([("r", [TimerFired(at_ms=now)])], now)
    assert 20 < len(tries) < 150
    assert now < 6 * 3_600_000 + 310_000
    assert len(team.log.read("run/r")) < 500
    assert tries[1] - tries[0] < 130_000


def test_arguments_that_cannot_be_put_together_fail_their_attempts_only(monkeypatch):
    from econda_cloud.schedule import carrying

    right = carrying.chunk_of

    def chunk_of(plan: Plan, state: Any, dispatch: Any) -> Any:
        if state.run == "bad":
            raise RecursionError("deep")
        return right(plan, state, dispatch)

    monkeypatch.setattr(carrying, "chunk_of", chunk_of)
    team = Team(FAN)
    team.begun(*RUNS)
    assert "RecursionError: deep" in status(team, "bad")["error"]
    ended(team)
    others_are_well(team)


@pytest.mark.parametrize("what", ["wake", "finished", "cancel"])
def test_an_effect_that_fails_is_repeated_for_that_run_when_its_messages_come_again(what):
    down = {"bad"}

    def effect(name: str, run: str) -> None:
        if name == what and run in down:
            raise ConnectionError(name)

    plan = plan_of(f"{TASK}pipeline p() -> (n: Int):\n    with:\n        deadline = 9h\n    f = foreach i in 1..3:\n        a = one(i)\n        gather a.y\n    return n = len(f.done)\n")  # fmt: skip
    team = Team(plan, effect=effect)
    first = team.start(*RUNS)
    if what == "wake":
        assert isinstance(first.later["bad"], ConnectionError)
        assert sorted(first.done) == ["fine", "good"]
        down.clear()
        assert team.take([("bad", [team.started("bad")])], 1_001, again=True).done == ["bad"]
        assert "bad" in [run for _, run in team.timers]
        return
    team.settle(1_000)
    if what == "cancel":
        outcomes = team.take([(run, [CancelRequested(by="ada")]) for run in RUNS], 2_000)
    else:
        outcomes = ended(team)["outcomes"]
    assert isinstance(outcomes.later["bad"], ConnectionError)
    assert sorted(outcomes.done) == ["fine", "good"]
    done = team.done[what]
    down.clear()
    assert team.take([("bad", [TimerFired()])], 2_001, again=True).done == ["bad"]
    assert team.done[what] == done + 1


def test_a_snapshot_that_cannot_be_written_harms_nothing():
    class NoSnapshots(MemoryBlobs):
        tries = 0

        def put(self, key: str, data: bytes) -> None:
            if key.startswith("snapshots/"):
                self.tries += 1
                raise ConnectionError(f"SlowDown: {key}")
            super().put(key, data)

    blobs = NoSnapshots()
    team = Team(FAN, blobs=blobs, snapshot_every=2)
    team.begun(*RUNS)
    assert not ended(team)["outcomes"].later
    assert blobs.tries > 0
    assert team.state("bad").outcome == Outcome(state="succeeded", outputs={"n": 3})
    others_are_well(team)


def test_a_snapshot_of_garbage_harms_nothing():
    team = Team(FAN, snapshot_every=2)
    team.begun(*RUNS)
    for key in [key for key in team.blobs._blobs if key.startswith("snapshots/")]:  # type: ignore[attr-defined]
        team.blobs.put(key, b"garbage")
    team.renew()
    team.renew_broker()
    assert not ended(team)["outcomes"].later
    others_are_well(team)
