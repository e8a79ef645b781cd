"""Old logs fold to the states they had, whatever has become since of constants, prices, policies and scores."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from econda_cloud.place.state import encode_state as encode_broker
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.run.choices import Unfoldable
from econda_cloud.run.state import encode_state
from econda_cloud.run.transitions import IllegalTransition
from econda_cloud.schedule import history
from econda_cloud.wire.entries import Booked, Placed, Retry, decode_entry, encode_entry
from tests.logs.make import (
    HERE,
    RUNS,
    SNAPSHOTS,
    broker_states,
    digest,
    golden_broker,
    golden_run,
    history_of,
    run_states,
)
from tests.logs.scenes import broker_scene, run_scene
from tests.play import Play, folded, plan_of

CONSTANTS = (
    ("econda_cloud.run.calls", "MAX_LOSSES", 0),
    ("econda_cloud.run.calls", "LOST_WAIT_MS", 77),
    ("econda_cloud.run.expand", "WINDOW", 1),
    ("econda_cloud.run.stopping", "STOP_GRACE_MS", 1),
    ("econda_cloud.run.looks", "LOOK_MS", 7),
    ("econda_cloud.run.placing", "LOOK_MS", 7),
    ("econda_cloud.run.placing", "QUEUE_ALLOWANCE_MS", 1),
    ("econda_cloud.wire.grants", "STARTS_WORTH", 50),
    ("econda_cloud.wire.grants", "SHORTEST_MS", 1),
    ("econda_cloud.wire.grants", "LONGEST_MS", 2),
    ("econda_cloud.place.score", "HOUR_OF_WAITING", 1),
    ("econda_cloud.place.score", "SPOT_LONGEST_MS", 1),
    ("econda_cloud.place.lending", "RECHECK_MS", 1),
)
DECIDING = (
    ("econda_cloud.run.calls", "_retry"),
    ("econda_cloud.run.backoff", "backoff_ms"),
    ("econda_cloud.run.booking", "over_budget"),
    ("econda_cloud.run.booking", "accrued"),
    ("econda_cloud.money.prices", "attempt_cost"),
    ("econda_cloud.run.placing", "placements"),
    ("econda_cloud.run.placing", "_cut"),
    ("econda_cloud.wire.grants", "chunk_size"),
    ("econda_cloud.run.telling", "has_news"),
    ("econda_cloud.run.timers", "next_ms"),
    ("econda_cloud.run.stopping", "ending"),
    ("econda_cloud.place.lending", "lend"),
    ("econda_cloud.place.score", "judge"),
    ("econda_cloud.place.score", "options"),
    ("econda_cloud.place.policed", "decision"),
)


@pytest.mark.parametrize("name", RUNS)
def test_a_golden_log_of_a_run_folds_to_the_states_it_had(name):
    plan, records, digests = golden_run(name)
    assert [digest(state) for state in run_states(plan, records)] == digests


def test_the_golden_log_of_a_broker_folds_to_the_states_it_had():
    records, digests = golden_broker()
    assert [digest(state) for state in broker_states(records)] == digests


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_a_golden_snapshot_is_read_and_nothing_before_it_is_folded(kind, monkeypatch):
    """Or a team whose log is years long would start cold for minutes after an upgrade."""
    blobs = MemoryBlobs()
    blobs.put(f"snapshots/{SNAPSHOTS[kind]}", (HERE / f"{kind}.snapshot").read_bytes())
    cold = history_of(kind, blobs)
    monkeypatch.setattr(cold, "_take_in", lambda _: pytest.fail("a record was folded"))
    assert digest(cold.refresh()) == (golden_run("run")[2] if kind == "run" else golden_broker()[1])[-1]


def test_a_snapshot_of_an_older_format_is_upgraded(monkeypatch):
    blobs, today = MemoryBlobs(), history.STATE_FORMAT
    state = history_of("ledger", blobs)
    state.refresh()
    state._save()
    monkeypatch.setattr(history, "STATE_FORMAT", today + 2)
    monkeypatch.setitem(history.UPGRADES, ("ledger", today), lambda data: {**data, "seq": data["seq"] + 1_000})
    monkeypatch.setitem(history.UPGRADES, ("ledger", today + 1), lambda data: {**data, "seq": data["seq"] * 2})
    assert history_of("ledger", blobs).refresh().seq == 2 * (state.state.seq + 1_000)


def test_the_golden_logs_have_something_of_everything():
    decisions = {type(d).__name__ for name in RUNS for r in golden_run(name)[1] for d in decode_entry(r).decisions}
    events = {type(e).__name__ for name in RUNS for r in golden_run(name)[1] for e in decode_entry(r).events}
    assert decisions >= {"Booked", "Placed", "Told", "Woken", "Retry", "Looked", "Begun", "Ending"}
    assert events >= {"RunStarted", "GrantsSet", "ChunkLost", "ChunkRefused", "ChunkSeen", "ResultsFound", "ResultsMissing"}  # fmt: skip


def all_states() -> list[bytes]:
    """Every state of every golden log, byte for byte."""
    found = [encode_state(state) for name in RUNS for state in run_states(*golden_run(name)[:2]) if state is not None]
    return found + [encode_broker(state) for state in broker_states(golden_broker()[0])]


@pytest.fixture(scope="module")
def before() -> list[bytes]:
    return all_states()


@pytest.mark.parametrize(("module", "name", "value"), CONSTANTS, ids=lambda each: str(each).rpartition(".")[2])
def test_a_constant_that_has_changed_changes_nothing_that_was(monkeypatch, before, module, name, value):
    home = importlib.import_module(module)
    assert getattr(home, name) != value
    monkeypatch.setattr(home, name, value)
    assert all_states() == before


def forbidden(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    """Plant a failure in place of a function, wherever it is known."""
    right = getattr(importlib.import_module(module), name)

    def fails(*given: Any, **more: Any) -> Any:
        raise AssertionError(f"{name} was asked: {given} {more}")

    for each in list(sys.modules.values()):
        if each.__name__.startswith("econda_cloud.") and vars(each).get(name) is right:
            monkeypatch.setattr(each, name, fails)


def test_nothing_that_decides_is_asked_while_a_log_is_folded(monkeypatch, before):
    for module, name in DECIDING:
        forbidden(monkeypatch, module, name)
    assert all_states() == before


@pytest.mark.parametrize(("module", "name"), DECIDING, ids=lambda each: str(each).rpartition(".")[2])
def decide_all() -> None:
    for hourly in RUNS.values():
        run_scene(hourly)
    broker_scene()


@pytest.mark.parametrize(("module", "name"), DECIDING, ids=lambda each: str(each).rpartition(".")[2])
def test_each_of_them_is_asked_while_something_is_decided(monkeypatch, module, name):
    """Or the test above would prove nothing."""
    forbidden(monkeypatch, module, name)
    with pytest.raises(AssertionError, match=f"{name} was asked"):
        decide_all()


WIDE = plan_of("""edsl 1

task t(x: Int) -> (y: Int):
    run python:
        y = x

pipeline p() -> (n: Int):
    f = foreach i in 1..40:
        a = t(i)
        gather a.y
    return n = len(f.done)
""")


@pytest.mark.parametrize("window", [1, 5, 9, 4_096])
def test_how_much_of_a_fan_was_begun_stands_in_the_log(monkeypatch, window):
    monkeypatch.setattr("econda_cloud.run.expand.WINDOW", 8)
    play = Play(WIDE)
    assert len(play.placed) == 8
    for _ in range(20):
        play.succeed()
    monkeypatch.setattr("econda_cloud.run.expand.WINDOW", window)
    state = folded(WIDE, play.records)
    assert state is not None
    assert encode_state(state) == encode_state(play.run)
    # And it goes on, by its own lights.
    play.state = state
    while play.outcome is None:
        play.succeed()
    assert play.outcome.outputs == {"n": 40}


# What does not fit ----------------------------------------------------------------------------------------------------


def changed(name: str, at: Callable[[Any], bool], to: Callable[[Any], Any]) -> None:
    """Fold a log of which the first decision like that was changed, or taken out."""
    plan, records, _ = golden_run(name)
    for number, record in enumerate(records):
        entry = decode_entry(record)
        for index, decision in enumerate(entry.decisions):
            if at(decision):
                put = to(decision)
                decisions = [*entry.decisions[:index], *([] if put is None else [put]), *entry.decisions[index + 1 :]]
                records[number] = encode_entry(msgspec.structs.replace(entry, decisions=tuple(decisions)))
                folded(plan, records)
                return
    raise LookupError("there is none")


@pytest.mark.parametrize("kind", [Retry, Booked])
def test_a_record_that_lacks_a_decision_does_not_fold(kind):
    with pytest.raises(Unfoldable, match=f"where {kind.__name__} is due"):
        changed("run", lambda each: isinstance(each, kind), lambda _: None)


def test_a_record_with_a_decision_that_nothing_asked_for_does_not_fold():
    plan, records, _ = golden_run("run")
    entry = decode_entry(records[5])
    more = (*entry.decisions, Retry(5))
    with pytest.raises(Unfoldable, match="is decided along with its event"):
        folded(plan, [*records[:5], encode_entry(msgspec.structs.replace(entry, decisions=more))])


def test_a_log_of_another_plan_does_not_fold():
    other = plan_of("edsl 1\n\npipeline p(n: Int = 1) -> (m: Int):\n    return m = n\n")
    _, records, _ = golden_run("run")
    with pytest.raises(Unfoldable, match=r"nothing asked for: Begun\(members=5\)"):
        folded(other, records)


def test_what_is_placed_without_being_ready_is_a_bug_and_says_whose():
    play = Play(plan_of("edsl 1\n\ntask t() -> (y: Int):\n    run python:\n        y = 1\n\npipeline p() -> (y: Int):\n    a = t()\n    return y = a.y\n"))  # fmt: skip
    entry = next(each for each in play.entries if any(isinstance(d, Placed) for d in each.decisions))
    twice = encode_entry(msgspec.structs.replace(entry, events=(), decisions=entry.decisions))
    with pytest.raises(IllegalTransition, match=r"p/a#1 is placed and was to be placed: it goes to x"):
        folded(play.plan, [*play.records, twice])
