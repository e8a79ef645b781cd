"""The worker on AWS: claims a chunk, runs it, and sends its reports to the queue of events, or goes on by itself."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from econda_adapters.aws.assignment import Assignment, assigned_chunk
from econda_adapters.aws.dynamodb_log import DynamoLog
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.secrets import AwsSecrets
from econda_adapters.aws.sqs_queue import SqsQueue
from econda_adapters.clock import now_ms
from econda_cloud.schedule.messages import write_message
from econda_cloud.wire.chunk import Chunk, Report
from econda_cloud.wire.events import Item
from econda_cloud.wire.keys import log_key
from econda_cloud.worker.processes.processes import HostPool
from econda_cloud.worker.reports.claims import Cancellations, claim
from econda_cloud.worker.reports.delivery import Delivery, Send
from econda_cloud.worker.run_chunk import MARGIN_MS, run_chunk

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.going_on import GoingOn
    from econda_adapters.aws.stack import Stack


def scratch_folder() -> Path:
    """Where a worker keeps logs and fetched files; shared by the workers of one machine and user."""
    return Path(os.environ.get("ECONDA_SCRATCH") or Path(tempfile.gettempdir()) / f"econda-{os.getuid()}")


@dataclass(frozen=True)
class Occasion:
    """What a worker was started as. index: of a member of an array. deadline_ms: when the invocation ends (ms since the
    epoch). stopping: whether the host is being taken away. look_first: whether to look for a cancellation before
    beginning, after a long wait in a queue.
    """

    index: int | None = None
    deadline_ms: int | None = None
    stopping: Callable[[], bool] = lambda: False
    look_first: bool = False


class Worker:
    """Runs chunks of one stack, with warm processes between them."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._blobs = S3Blobs(stack.bucket, clients)
        self._log = DynamoLog(stack.table, clients, self._blobs)
        self._queue = SqsQueue(stack.events_queue, clients)
        self._hosts = HostPool()
        self._secrets = AwsSecrets(clients)
        self._going_on: GoingOn | None = None

    def work(self, assignment: Assignment, occasion: Occasion) -> int:
        """Run a chunk, or one member of it, and what is to follow it here; how many attempts, 0 if another worker has it.

        Raises `KeyError` if the chunk's document is gone, and what AWS raises; the chunk is lost then.
        """
        if not claim(self._log, assignment.chunk, occasion.index, uuid.uuid4().hex):
            return 0
        following: Chunk | None = _member(assigned_chunk(assignment, self._blobs), occasion.index)
        attempts = 0
        while following is not None:
            chunk, later = following, attempts > 0
            attempts += len(chunk.items)
            held: list[Report] = []
            send = held.extend if assignment.lone else partial(self._send, chunk)
            self._run(chunk, occasion, send, later=later)
            following = self._next(chunk, held, occasion) if assignment.lone else None
            if held and following is None:
                self._send(chunk, held)
        return attempts

    def _next(self, chunk: Chunk, reports: list[Report], occasion: Occasion) -> Chunk | None:
        # Most workers never go on: they need not load the engine.
        from econda_adapters.aws.going_on import going_on

        if self._going_on is None or self._going_on.run != chunk.run:
            self._going_on = going_on(chunk.run, self._log, self._blobs)
        ends_ms = None if occasion.deadline_ms is None else occasion.deadline_ms - MARGIN_MS
        return self._going_on.after(chunk.id, reports, now_ms(), ends_ms)

    def _run(self, chunk: Chunk, occasion: Occasion, send: Send, *, later: bool) -> None:
        """Run a chunk and send its reports."""
        index, unwanted = occasion.index, Cancellations(self._log, chunk.id, now=now_ms())
        if occasion.look_first:
            unwanted.look(now_ms())
        # Members of an array may share a machine, and so a scratch folder.
        name = chunk.id if index is None else f"{chunk.id}.{index}"
        delivery = Delivery(
            blobs=self._blobs,
            send=send,
            log_key=log_key(chunk.namespace, chunk.run, chunk.id, index),
            spool=scratch_folder() / "spool" / f"{name}.log",
            clock=now_ms,
        )

        def cancelled(item: Item) -> bool:
            return occasion.stopping() or unwanted.includes(item, now_ms())

        delivery.deliver(
            run_chunk(
                chunk,
                blobs=self._blobs,
                scratch=scratch_folder(),
                hosts=self._hosts,
                clock=now_ms,
                cancelled=cancelled,
                deadline_ms=occasion.deadline_ms,
                secrets=self._secrets,
                later=later,
            )
        )

    def _send(self, chunk: Chunk, reports: list[Report]) -> None:
        self._queue.send([write_message(chunk.run, reports, self._blobs)], group=chunk.run)

    def close(self) -> None:
        self._hosts.close()


def _member(chunk: Chunk, index: int | None) -> Chunk:
    return chunk if index is None else msgspec.structs.replace(chunk, items=(chunk.items[index],))
