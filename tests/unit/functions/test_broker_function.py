"""The function `broker`: one record for a batch; what nobody can read is buried, what the world does is waited for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from econda_functions.broker import handler

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.messages import write_broker_message, write_message
from econda_cloud.wire.entries import ENGINE_VERSION
from econda_cloud.wire.events import TimerFired
from econda_cloud.wire.grants import RunTold
from tests.unit.functions.conftest import Context, record

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


class Broker:
    def __init__(self) -> None:
        self.batches: list[tuple[list[Any], bool]] = []
        self.wrong: Exception | None = None

    def take(self, events: Any, now: int, *, again: bool) -> None:
        assert now > 0
        if self.wrong is not None:
            raise self.wrong
        self.batches.append((list(events), again))


@pytest.fixture
def broker(team, monkeypatch) -> Broker:
    assert team.buried == []
    made = Broker()
    monkeypatch.setattr("econda_functions.broker.broker", lambda: made)
    monkeypatch.setattr("econda_functions.broker.PACE_S", 0)
    return made


def told(run: str, blobs: MemoryBlobs) -> str:
    return write_broker_message([RunTold(run=run, namespace="n", version=1)], blobs)


def called(*records: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in handler({"Records": list(records)}, Context())["batchItemFailures"]]


def test_a_batch_is_taken_as_one_and_in_its_order(team, broker):
    runs = ("a", "b", "c")
    assert called(*(record(told(run, team.blobs), n, group="broker") for n, run in enumerate(runs))) == []
    [(events, again)] = broker.batches
    assert ([event.run for event in events], again) == (["a", "b", "c"], False)


def test_it_knows_whether_a_message_came_before(team, broker):
    called(record(told("a", team.blobs), group="broker", received=2))
    assert [again for _, again in broker.batches] == [True]


@pytest.mark.parametrize("bad", ["hello", "[" * 9_000, '{"message":"deposited","key":"gone"}'])
def test_what_nobody_can_read_is_buried_and_harms_no_other(team, broker, bad):
    assert called(record(bad, 0, group="broker"), record(told("a", team.blobs), 1, group="broker")) == []
    assert [event.run for event in broker.batches[0][0]] == ["a"]
    assert [(body, reason.startswith("broker: ")) for body, reason, _ in team.buried] == [(bad, True)]


def test_events_of_a_run_are_not_for_it(team, broker):
    assert called(record(write_message("r", [TimerFired()], team.blobs), group="broker")) == []
    assert [reason for _, reason, _ in team.buried] == ["broker: it is about a run"]
    assert broker.batches == [([], False)]


def test_a_world_that_is_down_is_waited_for_and_nothing_is_buried(team, broker):
    broker.wrong = ConnectionError("throttled")
    assert called(*(record(told(run, team.blobs), n, group="broker", received=500) for n, run in enumerate("ab"))) == ["m0", "m1"]  # fmt: skip
    assert team.buried == []
    assert len(team.queue.hidden) == 2


def test_a_message_of_a_newer_version_is_left_to_a_newer_function(team, broker):
    newer = json.dumps({"message": "broker_events", "events": [{"event": "dreamt"}], "engine": ENGINE_VERSION + 1})
    assert called(record(newer, 0, group="broker"), record(told("a", team.blobs), 1, group="broker")) == ["m0", "m1"]
    assert team.buried == []
    assert broker.batches == [], "in their order, or not at all"


def test_a_store_that_is_down_while_a_message_is_read_is_waited_for(team, broker, monkeypatch):
    large = write_broker_message([RunTold(run="r" * 300_000, namespace="n", version=1)], team.blobs)
    monkeypatch.setattr(team.blobs, "get", lambda key: (_ for _ in ()).throw(ConnectionError(key)))
    assert called(record(large, group="broker")) == ["m0"]
    assert (team.buried, broker.batches, len(team.queue.hidden)) == ([], [], 1)
