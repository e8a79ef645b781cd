"""broker: what runs have told, in the order of the one group of its queue, into the team's broker."""

from __future__ import annotations

import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from econda_functions.observing import count, logger, observed
from econda_functions.team import team
from econda_functions.waiting import bury, hide, receives

if TYPE_CHECKING:
    from econda_cloud.schedule.broker_rounds import BrokerRounds
    from econda_cloud.wire.broker import AnyBrokerEvent

PACE_S = 0.1
"""A record of the broker is made so often at most while its batches are not full: what comes meanwhile goes into one."""

FULL = 10
"""Messages in a full batch of a queue with groups."""


class BrokerBatch(BatchProcessor):
    """One record for a whole batch. A message that cannot be read is buried; if the world fails, all come again."""

    def process(self) -> list[tuple]:
        records = [SQSRecord(record) for record in self.records]
        events: list[AnyBrokerEvent] = []
        try:
            for record in records:
                events += _read(record)
            _pace(len(records))
            broker().take(events, _now_ms(), again=any(receives(record) > 1 for record in records))
        except Exception as error:
            logger.exception("the broker could not take its events")
            for record in records:
                hide(record)
            return (
                [self.failure_handler(record=record, exception=sys.exc_info()) for record in records] if error else []
            )
        count("BrokerEvents", len(events))
        return [self.success_handler(record=record, result=None) for record in records]


processor = BrokerBatch(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_last: list[float] = [0.0]


@cache
def broker() -> BrokerRounds:
    from econda_adapters.aws.scheduling import team_broker

    return team_broker(team().stack, team().clients, _now_ms())


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    with processor(event["Records"], _unused, context):
        processor.process()
    return processor.response()


def _unused(record: SQSRecord) -> None:
    del record


def _pace(messages: int) -> None:
    """Wait a moment after the last record, unless the batch is full, so that more come together."""
    wait = _last[0] + PACE_S - time.monotonic()
    if messages < FULL and wait > 0:
        time.sleep(wait)
    _last[0] = time.monotonic()


def _read(record: SQSRecord) -> list[AnyBrokerEvent]:
    from econda_cloud.schedule.messages import BadMessage, BrokerEvents, read_message

    try:
        message = read_message(record.body, team().blobs)
    except BadMessage as error:
        bury(record, f"broker: {error}")
        return []
    if not isinstance(message, BrokerEvents):
        bury(record, "broker: it is about a run")
        return []
    return list(message.events)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
