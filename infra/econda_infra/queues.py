"""The queues: uploads, events, what Lambda says of workers that it lost, and dead letters of all."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import sqs

from econda_infra import names
from econda_infra.settings import Settings

TRIES = 6
"""Receipts of a message before it is a dead letter: one more than `econda_functions.schedule` takes to bury it itself,
with its reason. So only what kills the function comes to that."""

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
        self.uploads = self._queue("uploads")
        self.events = self._queue("events")
        self.lost = self._queue("lost")
        self.register_outputs({"uploads": self.uploads.url, "events": self.events.url})

    def _queue(self, part: str) -> sqs.Queue:
        name = names.named(self._settings.team, part)
        redrive = self.dead_letters.arn.apply(
            lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": TRIES})
        )
        return sqs.Queue(
            name,
            name=name,
            visibility_timeout_seconds=VISIBILITY_FACTOR * self._settings.scheduler_timeout_s,
            message_retention_seconds=RETENTION_S,
            redrive_policy=redrive,
            opts=pulumi.ResourceOptions(parent=self),
        )
