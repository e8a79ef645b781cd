"""When a worker asks whether it is still wanted."""

from __future__ import annotations

import time

import pytest

from econda_cloud.wire import worker_protocol as protocol
from econda_cloud.wire.chunk import WorkItem
from econda_cloud.worker.gateway.session import LOOK_S, Session
from tests.unit.gateway.standing import chunk_of


class Answering:
    """A gateway that answers each heartbeat, and remembers what it was asked."""

    token = "t"

    def __init__(self):
        self.asked = []

    def ask(self, path, body, kind, *, patience_s):
        del body, kind, patience_s
        self.asked.append(path)
        return protocol.Beat(token="t", until_ms=0)


class Rounds:
    """So many looks at the clock, without waiting."""

    def __init__(self, number):
        self.left = number

    def wait(self, _seconds):
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize(("at_it_s", "asked"), [(0.0, 0), (LOOK_S[0], 3)])
def test_who_was_given_a_chunk_a_moment_ago_need_not_ask_whether_it_is_wanted(at_it_s, asked):
    gateway = Answering()
    claimed = protocol.Claimed(token="t", until_ms=0, now_ms=0)
    session = Session(gateway, chunk_of(WorkItem(instance="p/a", attempt=1)), claimed, None, "me")
    session._over, session._began = Rounds(3), time.monotonic() - at_it_s
    session._beat()
    assert gateway.asked == ["/v1/heartbeat"] * asked
