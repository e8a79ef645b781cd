"""work: one invocation runs one chunk of short tasks, through the gateway. Invoked asynchronously, once for each chunk.

It knows nothing of its stack: what it may do is in the assignment that it is given.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from econda_functions.observing import count, logger, observed

if TYPE_CHECKING:
    from econda_cloud.worker.work import Worker


@cache
def worker() -> Worker:
    from econda_cloud.worker.work import Worker

    return Worker()


@observed
def handler(event: dict[str, Any], context: Any) -> None:
    from econda_cloud.wire.assignment import read_assignment
    from econda_cloud.worker.work import Occasion

    assignment = read_assignment(event)
    ends = time.time_ns() // 1_000_000 + context.get_remaining_time_in_millis()
    attempts = worker().work(assignment, Occasion(handle=context.aws_request_id, ends_ms=ends))
    count("Attempts", attempts)
    said = "chunk done" if attempts else "chunk has another worker"
    logger.info(said, run=assignment.run, chunk=assignment.chunk, attempts=attempts)
