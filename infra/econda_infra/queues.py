"""The queues: uploads, events, and dead letters of both."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import sqs

from econda_infra import names
from econda_infra.settings import Settings

TRIES = 1_000
"""Receipts of a message before it is a dead letter, the most that SQS counts. Functions bury what nobody can ever handle
themselves, with the reason, and put off what the world does not allow now: only what kills them comes to that."""

RETENTION_S = 14 * 24 * 3600
"""The most SQS allows: dead letters wait for a person."""

VISIBILITY_FACTOR = 6
"""AWS asks for six times the function's time-out: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


class Queues(pulumi.ComponentResource):
    def __init__(self, settings: Settings, parent: pulumi.Resource) -> None:
        name = names.named(settings.team, "queues")
        super().__init__("econda:aws:Queues", name, None, pulumi.ResourceOptions(parent=parent))
        self._settings = settings
        dead = names.named(settings.team, "dead-letters")
        inside = pulumi.ResourceOptions(parent=self)
        self.dead_letters = sqs.Queue(dead, name=dead, message_retention_seconds=RETENTION_S, opts=inside)
        grouped = names.grouped(dead)
        self.dead_grouped = sqs.Queue(
            grouped, name=grouped, fifo_queue=True, message_retention_seconds=RETENTION_S, opts=inside
        )
        self.uploads = self._queue("uploads")
        self.notices = self._queue("notices")
        self.lost = self._queue("lost")
        self.events = self._queue("events", grouped=True)
        self.broker = self._queue("broker", grouped=True)
        self.register_outputs({"uploads": self.uploads.url, "events": self.events.url})

    def _queue(self, part: str, *, grouped: bool = False) -> sqs.Queue:
        """A queue whose groups, if it has some, are delivered side by side: SQS then takes thousands of messages a second."""
        name = names.named(self._settings.team, part)
        name = names.grouped(name) if grouped else name
        dead = self.dead_grouped if grouped else self.dead_letters
        redrive = dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": TRIES}))
        about = {"fifo_queue": True, "fifo_throughput_limit": "perMessageGroupId",
                 "deduplication_scope": "messageGroup"} if grouped else {}  # fmt: skip
        return sqs.Queue(
            name,
            name=name,
            visibility_timeout_seconds=VISIBILITY_FACTOR * self._settings.scheduler_timeout_s,
            message_retention_seconds=RETENTION_S,
            redrive_policy=redrive,
            **about,
            opts=pulumi.ResourceOptions(parent=self),
        )
