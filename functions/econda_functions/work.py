"""work: one invocation runs one chunk of short tasks. Invoked asynchronously; what kills it becomes a lost chunk."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from econda_functions.observing import count, logger, observed
from econda_functions.team import team

if TYPE_CHECKING:
    from econda_adapters.aws.worker import Worker


@cache
def worker() -> Worker:
    from econda_adapters.aws.worker import Worker

    return Worker(team().stack, team().clients)


@observed
def handler(event: dict[str, Any], context: Any) -> None:
    from econda_adapters.aws.assignment import decode_assignment
    from econda_adapters.aws.worker import Occasion

    assignment = decode_assignment(event)
    deadline = time.time_ns() // 1_000_000 + context.get_remaining_time_in_millis()
    attempts = worker().work(assignment, Occasion(deadline_ms=deadline))
    count("Attempts", attempts)
    said = "chunk done" if attempts else "chunk has another worker"
    logger.info(said, run=assignment.run, chunk=assignment.chunk, attempts=attempts)
