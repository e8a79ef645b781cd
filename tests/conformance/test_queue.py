"""What every queue must do, whatever it is kept in."""

from __future__ import annotations

import time

import pytest

from econda_cloud.ports.queue import MemoryQueue


@pytest.fixture
def queue():
    return MemoryQueue()


def drained(queue, most_s=10.0):
    """All bodies there are, each taken and deleted; waits until a receive finds none."""
    bodies, end = [], time.monotonic() + most_s
    while time.monotonic() < end:
        messages = queue.receive()
        if not messages:
            break
        for message in messages:
            bodies.append(message.body)
            queue.delete(message)
    return bodies


def test_more_than_one_batch_arrives_whole(queue):
    bodies = [f"message {n} ü" for n in range(25)]
    queue.send(bodies)
    assert sorted(drained(queue)) == sorted(bodies)


def test_large_messages_are_parted_into_batches_that_fit(queue):
    bodies = [str(n) * 100_000 for n in range(5)]
    queue.send(bodies)
    assert sorted(drained(queue)) == sorted(bodies)


def test_what_is_not_deleted_comes_again(queue):
    queue.send(["once"])
    (message,) = queue.receive(visibility_s=0)
    (again,) = queue.receive()
    assert again.body == message.body == "once"


def test_attributes_come_along(queue):
    queue.send(["body"], attributes={"reason": "no such run"})
    (message,) = queue.receive()
    assert message.attributes == {"reason": "no such run"}


def test_a_delayed_message_is_not_there_at_once(queue):
    queue.send(["later"], delay_s=1)
    assert queue.receive() == []
    end = time.monotonic() + 10
    while not (found := queue.receive()) and time.monotonic() < end:
        time.sleep(0.05)
    assert [message.body for message in found] == ["later"]
