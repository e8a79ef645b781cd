"""A team's stack at work: its stores and queues together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from econda_adapters.aws.dynamodb_log import DynamoLog
from econda_adapters.aws.dynamodb_run_index import DynamoRunIndex
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.sqs_queue import SqsQueue

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack

REASON_MOST = 1_000


class Team:
    """The log, the index of runs, the blobs and the queues of a stack."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self.stack, self.clients = stack, clients
        self.blobs = S3Blobs(stack.bucket, clients)
        self.log = DynamoLog(stack.table, clients, self.blobs, stack.claims_days)
        self.runs = DynamoRunIndex(stack.table, stack.bucket, clients, stack.runs_days)
        self.events = SqsQueue(stack.events_queue, clients)
        self.lost = SqsQueue(stack.lost_queue, clients)
        self.notices = SqsQueue(stack.notices_queue, clients)
        self.broker = SqsQueue(stack.broker_queue, clients)
        self.uploads = SqsQueue(stack.uploads_queue, clients)
        self.dead_letters = SqsQueue(stack.dead_letters_queue, clients)
        self.dead_grouped = SqsQueue(stack.dead_grouped_queue, clients)

    def queue_of(self, arn: str) -> SqsQueue:
        """The queue with this ARN. Raises `LookupError` for one that is not the team's."""
        name = arn.rpartition(":")[2]
        for queue in (self.events, self.notices, self.broker, self.uploads, self.lost):
            if queue.url.rpartition("/")[2] == name:
                return queue
        raise LookupError(f"{arn} is no queue of the team")

    def is_of_lost(self, arn: str) -> bool:
        """Whether this is the queue to which workers' own role may send."""
        return bool(arn) and arn.rpartition(":")[2] == self.lost.url.rpartition("/")[2]

    def bury(self, body: str, reason: str, source: str) -> None:
        """Keep a message that nobody can handle, with the reason, where `econda dead-letters` shows it."""
        self.dead_letters.send([body], attributes={"reason": reason[:REASON_MOST], "source": source})
