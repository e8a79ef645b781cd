"""What becomes of messages that cannot be dealt with now, or ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from econda_functions.observing import count, logger
from econda_functions.team import team

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

RETRY_FIRST_S, RETRY_LAST_S = 2, 300
"""How long a message waits before it is tried again: the second time, and when it has been tried often."""


def receives(record: SQSRecord) -> int:
    """How often a message was delivered, this time among them."""
    return int(record.attributes.approximate_receive_count or 1)


def is_grouped(record: SQSRecord) -> bool:
    """Whether it came by a queue with groups."""
    return str(record.event_source_arn or "").endswith(".fifo")


def hide(record: SQSRecord) -> None:
    """Let it come again soon if it is new, and later the more often it was tried; if even that fails, when it will."""
    from econda_adapters.aws.sqs_queue import SqsQueue

    seconds = min(RETRY_LAST_S, RETRY_FIRST_S * 2 ** min(receives(record) - 1, 10))
    try:
        queue: SqsQueue = team().queue_of(str(record.event_source_arn or ""))
        queue.hide(record.receipt_handle, seconds)
    except Exception as error:
        logger.warning("a message could not be put off", reason=str(error)[:300])


def bury(record: SQSRecord, reason: str) -> None:
    """Keep a message that nobody can handle, with the reason. Raises what the queue raises."""
    logger.warning("message buried", reason=reason[:1_000], message_id=record.message_id)
    count("BadMessages")
    team().bury(record.body, reason, str(record.event_source_arn or "").rpartition(":")[2])
