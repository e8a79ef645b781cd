"""The functions as Lambda calls them, with a team and rounds that only remember."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.schedule.rounds import Outcomes, Taking

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "econda")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "econda")

EVENTS = "arn:aws:sqs:eu-west-1:1:econda-t-events.fifo"
NOTICES = "arn:aws:sqs:eu-west-1:1:econda-t-notices"


class Queue:
    """Remembers what is put off and what is sent."""

    def __init__(self) -> None:
        self.hidden: list[int] = []
        self.sent: list[tuple[list[str], str]] = []

    def hide(self, receipt: str, seconds: int) -> None:
        assert receipt == "h"
        self.hidden.append(seconds)

    def send(self, bodies: Sequence[str], *, group: str = "") -> None:
        self.sent.append((list(bodies), group))


class Team:
    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.queue, self.broker = Queue(), Queue()
        self.buried: list[tuple[str, str, str]] = []

    def queue_of(self, arn: str) -> Queue:
        assert arn
        return self.queue

    def is_of_lost(self, arn: str) -> bool:
        return arn.endswith("-lost")

    def bury(self, body: str, reason: str, source: str) -> None:
        self.buried.append((body, reason, source))


class Rounds:
    """Answers as it is told to: by run, an exception for later or a text for good."""

    def __init__(self) -> None:
        self.taken: list[Taking] = []
        self.wrong: dict[str, Exception | str] = {}
        self.left: Any = None

    def take(self, batch: Any, clock: Any, left: Any) -> Outcomes:
        assert clock() > 0
        self.left, outcomes = left, Outcomes()
        for taking in batch:
            self.taken.append(taking)
            match self.wrong.get(taking.run):
                case None:
                    outcomes.done.append(taking.run)
                case str() as reason:
                    outcomes.refused[taking.run] = reason
                case error:
                    outcomes.later[taking.run] = error
        return outcomes


def record(body: str, number: int = 0, *, received: int = 1, group: str = "", source: str = NOTICES) -> dict[str, Any]:
    """A message as Lambda hands it over."""
    attributes = {"ApproximateReceiveCount": str(received)} | ({"MessageGroupId": group} if group else {})
    return {
        "messageId": f"m{number}", "receiptHandle": "h", "body": body, "attributes": attributes, "messageAttributes": {},
        "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": EVENTS if group else source, "awsRegion": "eu-west-1",
    }  # fmt: skip


class Context:
    """What Lambda says of an invocation."""

    function_name, function_version, memory_limit_in_mb = "schedule", "1", 1769
    invoked_function_arn, aws_request_id, log_stream_name, log_group_name = (
        "arn:aws:lambda:x:1:function:s",
        "id",
        "l",
        "g",
    )

    def __init__(self, left_ms: int = 60_000) -> None:
        self.left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


@pytest.fixture
def team(monkeypatch) -> Team:
    made = Team()
    for module in ("schedule", "broker", "waiting"):
        monkeypatch.setattr(f"econda_functions.{module}.team", lambda: made)
    return made


@pytest.fixture
def rounds(monkeypatch) -> Rounds:
    made = Rounds()
    monkeypatch.setattr("econda_functions.schedule.rounds", lambda: made)
    return made
