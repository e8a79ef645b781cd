"""The worker on AWS: claims a chunk, runs it, and sends its reports to the queue of events."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from econda_adapters.aws.assignment import Assignment, assigned_chunk
from econda_adapters.aws.dynamodb_log import DynamoLog
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.scheduling import now_ms
from econda_adapters.aws.secrets import AwsSecrets
from econda_adapters.aws.sqs_queue import SqsQueue
from econda_cloud.run.events import Item
from econda_cloud.schedule.messages import write_message
from econda_cloud.schedule.places import log_key
from econda_cloud.worker.chunk import run_chunk
from econda_cloud.worker.claims import Cancellations, claim
from econda_cloud.worker.delivery import Delivery
from econda_cloud.worker.processes import HostPool
from econda_cloud.worker.spec import Chunk, Report

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack


def scratch_folder() -> Path:
    """Where a worker keeps logs and fetched files; shared by the workers of one machine and user."""
    return Path(os.environ.get("ECONDA_SCRATCH") or Path(tempfile.gettempdir()) / f"econda-{os.getuid()}")


class Worker:
    """Runs chunks of one stack, with warm processes between them."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._blobs = S3Blobs(stack.bucket, clients)
        self._log = DynamoLog(stack.table, clients, self._blobs)
        self._queue = SqsQueue(stack.events_queue, clients)
        self._hosts = HostPool()
        self._secrets = AwsSecrets(clients)

    def work(
        self,
        assignment: Assignment,
        *,
        index: int | None = None,
        deadline_ms: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
        look_first: bool = False,
    ) -> bool:
        """Run the chunk, or its member `index`; False if another worker has it.

        deadline_ms: when this invocation ends (ms since the epoch). stopping: whether the host is being taken away.
        look_first: whether to look for a cancellation before beginning, after a long wait in a queue.
        Raises `KeyError` if the chunk's document is gone, and what AWS raises; the chunk is lost then.
        """
        if not claim(self._log, assignment.chunk, index, uuid.uuid4().hex):
            return False
        chunk = _member(assigned_chunk(assignment, self._blobs), index)
        unwanted = Cancellations(self._log, assignment.chunk, now=now_ms())
        if look_first:
            unwanted.look(now_ms())
        # Members of an array may share a machine, and so a scratch folder.
        name = chunk.id if index is None else f"{chunk.id}.{index}"
        delivery = Delivery(
            blobs=self._blobs,
            send=lambda reports: self._report(chunk, reports),
            log_key=log_key(chunk.namespace, chunk.run, chunk.id, index),
            spool=scratch_folder() / "spool" / f"{name}.log",
            clock=now_ms,
        )

        def cancelled(item: Item) -> bool:
            return stopping() or unwanted.includes(item, now_ms())

        delivery.deliver(
            run_chunk(
                chunk,
                blobs=self._blobs,
                scratch=scratch_folder(),
                hosts=self._hosts,
                clock=now_ms,
                cancelled=cancelled,
                deadline_ms=deadline_ms,
                secrets=self._secrets,
            )
        )
        return True

    def _report(self, chunk: Chunk, reports: list[Report]) -> None:
        self._queue.send([write_message(chunk.run, reports, self._blobs)])

    def close(self) -> None:
        self._hosts.close()


def _member(chunk: Chunk, index: int | None) -> Chunk:
    return chunk if index is None else msgspec.structs.replace(chunk, items=(chunk.items[index],))
