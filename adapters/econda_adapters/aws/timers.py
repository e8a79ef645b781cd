"""Waking a run later: a delayed message up to 15 minutes, a one-time schedule of EventBridge beyond.

So nothing ticks in an idle stack.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from econda_adapters.aws.sqs_queue import SqsQueue
from econda_cloud.ports.queue import DELAY_MOST_S

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack


class Timers:
    """Sends a body to the stack's queue of notices at a time. Twice the same is one or two wakings, both harmless."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._stack, self._clients = stack, clients
        self._queue = SqsQueue(stack.notices_queue, clients)

    def at(self, at_ms: int, body: str, now: int) -> None:
        """`at_ms`, `now` in ms since the epoch. Raises botocore's `ClientError`."""
        wait_s = -(-max(0, at_ms - now) // 1000)
        if wait_s <= DELAY_MOST_S:
            self._queue.send([body], delay_s=wait_s)
        else:
            self._schedule(at_ms, body)

    def _schedule(self, at_ms: int, body: str) -> None:
        client = self._clients("scheduler")
        # Schedules have whole seconds; a moment late is a timer that has fired, a moment early is one too soon.
        when = datetime.fromtimestamp(-(-at_ms // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        try:
            client.create_schedule(
                Name="t-" + hashlib.sha256(f"{at_ms} {body}".encode()).hexdigest()[:40],
                GroupName=self._stack.schedule_group,
                ScheduleExpression=f"at({when})",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={"Arn": self._stack.notices_queue_arn, "RoleArn": self._stack.schedule_role, "Input": body},
            )
        except client.exceptions.ConflictException:
            return
