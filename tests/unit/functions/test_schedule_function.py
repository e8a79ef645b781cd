"""The function `schedule`: which messages are taken, put off, or buried, whatever lies beside them in a batch."""

from __future__ import annotations

import json
from typing import Any

import pytest
from econda_functions.schedule import MARGIN_MS, MARGIN_SHARE, handler
from econda_functions.waiting import RETRY_LAST_S

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.messages import LARGEST, Deposited, read_message, write_message
from econda_cloud.wire.entries import ENGINE_VERSION, FromTheFuture
from econda_cloud.wire.events import AttemptSucceeded, RunBroken, TimerFired
from tests.unit.functions.conftest import NOTICES, Context, record

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


def body(run: str, blobs: MemoryBlobs, y: Any = 1) -> str:
    return write_message(run, [AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": y}, started_ms=0, ended_ms=1)], blobs)  # fmt: skip


def called(*records: dict[str, Any], left_ms: int = 60_000) -> list[str]:
    """The messages that come again."""
    answer = handler({"Records": list(records)}, Context(left_ms))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


NESTED = ('{"message":"run_events","run":"r","events":[{"event":"attempt_succeeded","instance":"i","attempt":1,"outputs":{"y":'
          + "[" * 2_000 + "1" + "]" * 2_000 + '},"started_ms":0,"ended_ms":0}]}')  # fmt: skip
UNREADABLE = {
    "broken JSON that names a payload": 'x "requestPayload"',
    "a list that names a payload": '["requestPayload"]',
    "deep JSON that names a payload": "[" * 5_000 + '"requestPayload"' + "]" * 5_000,
    "not JSON": "hello",
    "no message of ours": '{"message": "surprise"}',
}
OF_A_RUN = {
    "a value nested too deeply": NESTED,
    "a blob that is gone": '{"message":"deposited","key":"messages/gone.json","run":"r"}',
    "an event that this version does not know": json.dumps(
        {"message": "run_events", "run": "r", "events": [{"event": "dreamt"}], "engine": ENGINE_VERSION}
    ),
    "a result that is too large to be read": json.dumps(
        {"message": "deposited", "key": "messages/x.json", "run": "r", "size": LARGEST + 1, "engine": ENGINE_VERSION}
    ),
}


@pytest.mark.parametrize("bad", UNREADABLE.values(), ids=UNREADABLE)
def test_one_message_that_nobody_can_read_is_buried_and_harms_no_other(team, rounds, bad):
    good = body("good", team.blobs)
    assert called(record(good, 0), record(bad, 1), record(good, 2)) == []
    assert [(taking.run, len(taking.events)) for taking in rounds.taken] == [("good", 2)]
    [(buried, reason, source)] = team.buried
    assert (buried, source) == (bad, "econda-t-notices")
    assert reason.startswith("schedule: ")


@pytest.mark.parametrize("bad", OF_A_RUN.values(), ids=OF_A_RUN)
def test_a_run_that_misses_a_message_for_good_is_told_so_and_no_other(team, rounds, bad):
    good = body("good", team.blobs)
    assert called(record(good, 0), record(bad, 1, group="r"), record(good, 2)) == []
    taken = {taking.run: taking.events for taking in rounds.taken}
    assert (set(taken), len(taken["good"])) == ({"good", "r"}, 2)
    [broken] = taken["r"]
    assert isinstance(broken, RunBroken)
    assert broken.message.startswith("a message about this run can never be read, and what it told is lost: ")
    [(buried, reason, _)] = team.buried
    assert buried == bad
    assert reason.startswith("schedule: r: ")


def test_what_cannot_be_read_is_buried_once_its_run_knows(team, rounds):
    bad = OF_A_RUN["a blob that is gone"]
    rounds.wrong["r"] = ConnectionError("503")
    for received in (1, 2, 3):
        assert called(record(bad, received=received)) == ["m0"]
    assert team.buried == []
    rounds.wrong["r"] = "there is no run `r`"
    assert called(record(bad, received=4)) == []
    assert len(team.buried) == 1


def test_a_large_result_travels_through_the_store_and_says_how_large_it_is(team, rounds):
    travels = body("r", team.blobs, "x" * 300_000)
    assert len(travels) < 1_000
    assert json.loads(travels)["size"] > 300_000
    assert called(record(travels)) == []
    assert len(rounds.taken[0].events[0].outputs["y"]) == 300_000
    loop = MemoryBlobs()
    loop.put("a", Deposited(key="a").__class__.__name__.encode())
    with pytest.raises(ValueError, match="not a message of econda"):
        read_message('{"message":"deposited","key":"a","run":"r","size":1}', loop)


@pytest.mark.parametrize("received", [1, 5, 900])
def test_a_message_of_a_newer_version_is_left_to_a_newer_function_and_never_buried(team, rounds, received):
    newer = json.dumps({"message": "run_events", "run": "r", "events": [{"event": "dreamt"}], "engine": ENGINE_VERSION + 1})  # fmt: skip
    with pytest.raises(FromTheFuture):
        read_message(newer, team.blobs)
    assert called(record(newer, received=received)) == ["m0"]
    assert team.buried == []
    assert rounds.taken == []
    assert 0 < team.queue.hidden[0] <= RETRY_LAST_S


def test_a_world_that_is_down_is_waited_for_however_long(team, rounds):
    """A result of eight hours was buried after twenty seconds once."""
    rounds.wrong["down"] = ConnectionError("503 while a snapshot is read")
    for received in range(1, 1_000, 37):
        assert called(record(body("down", team.blobs), received=received)) == ["m0"]
    assert team.buried == []
    assert team.queue.hidden == sorted(team.queue.hidden)
    assert (team.queue.hidden[0], team.queue.hidden[-1]) == (2, RETRY_LAST_S)


def test_a_store_that_is_down_while_a_message_is_read_is_waited_for_as_well(team, rounds, monkeypatch):
    def down(key: str) -> bytes:
        raise ConnectionError(f"503 {key}")

    large = body("r", team.blobs, "x" * 300_000)
    monkeypatch.setattr(team.blobs, "get", down)
    assert called(record(large, 0, received=99), record(body("good", team.blobs), 1)) == ["m0"]
    assert team.buried == []
    assert [taking.run for taking in rounds.taken] == ["good"]


def test_what_comes_later_in_a_group_waits_for_what_was_put_off_before_it(team, rounds, monkeypatch):
    large, right = body("r", team.blobs, "x" * 300_000), team.blobs.get
    monkeypatch.setattr(team.blobs, "get", lambda key: (_ for _ in ()).throw(ConnectionError(key)))
    again = called(record(large, 0, group="r"), record(body("r", team.blobs), 1, group="r"), record(body("s", team.blobs), 2, group="s"))  # fmt: skip
    assert again == ["m0", "m1"], "in their order, or not at all"
    assert [taking.run for taking in rounds.taken] == ["s"]
    monkeypatch.setattr(team.blobs, "get", right)
    assert called(record(large, 0, group="r", received=2), record(body("r", team.blobs), 1, group="r")) == []
    assert [len(taking.events) for taking in rounds.taken[1:]] == [2]


def test_one_run_that_is_put_off_puts_off_its_messages_and_no_other(team, rounds):
    rounds.wrong |= {"later": ConnectionError("throttled"), "never": "there is no run `never`"}
    runs = ("good", "later", "never", "good", "later")
    assert called(*(record(body(run, team.blobs), n, group=run) for n, run in enumerate(runs))) == ["m1", "m4"]
    [(_, reason, source)] = team.buried
    assert (reason, source) == ("schedule: there is no run `never`", "econda-t-events.fifo")


def test_rounds_know_by_which_queue_events_came_and_whether_they_came_before(team, rounds):
    called(
        record(body("a", team.blobs), 0, group="a"),
        record(body("b", team.blobs), 1),
        record(body("c", team.blobs), 2, group="c", received=2),
        record(write_message("d", [TimerFired()], team.blobs), 3, received=3),
    )
    assert [(t.run, t.unsure, t.again) for t in rounds.taken] == [
        ("a", False, False), ("b", True, False), ("c", False, True), ("d", True, True),
    ]  # fmt: skip


def test_what_is_not_begun_shortly_before_the_end_is_handed_back(team, rounds):
    context = Context(MARGIN_MS * 5)
    handler({"Records": [record(body("a", team.blobs))]}, context)
    assert rounds.left() is True
    context.left_ms = MARGIN_MS
    assert rounds.left() is False


def test_a_short_invocation_keeps_a_quarter_of_its_time(team, rounds):
    context = Context(MARGIN_MS)
    handler({"Records": [record(body("a", team.blobs))]}, context)
    assert rounds.left() is True
    context.left_ms = MARGIN_MS // MARGIN_SHARE
    assert rounds.left() is False


def test_words_for_the_broker_that_came_by_the_wrong_queue_are_passed_on(team, rounds):
    from econda_cloud.schedule.messages import BROKER, write_broker_message
    from econda_cloud.wire.broker import BrokerWoken

    told = write_broker_message([BrokerWoken(at_ms=5)], team.blobs)
    assert called(record(told)) == []
    assert team.broker.sent == [([told], BROKER)]
    assert rounds.taken == []


LOST = NOTICES.replace("notices", "lost")
UNPUBLISHED = json.dumps({
    "requestPayload": {"publish": "s3://b/r", "namespace": "n", "run": "r"},
    "responsePayload": {"errorMessage": "SlowDown"},
})  # fmt: skip


@pytest.mark.usefixtures("team")
def test_lambdas_word_that_outputs_could_not_be_published_is_told_to_the_run(rounds):
    assert called(record(UNPUBLISHED)) == []
    [taking] = rounds.taken
    [event] = taking.events
    assert (taking.run, event.to) == ("r", "s3://b/r")
    assert "SlowDown" in event.error


def test_workers_own_role_cannot_say_that(team, rounds):
    called(record(UNPUBLISHED, source=LOST))
    assert rounds.taken == []
    assert len(team.buried) == 1
