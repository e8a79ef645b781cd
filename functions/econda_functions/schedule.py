"""schedule: a batch of messages from the queue of events, grouped by run, into the team's scheduler."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from econda_functions.observing import count, logger, observed
from econda_functions.team import team

if TYPE_CHECKING:
    from econda_adapters.aws.scheduling import TeamScheduler

    from econda_cloud.wire.events import AnyEvent

RECEIVES_MOST = 5
"""After so many deliveries of a message it is given up; the queue's own redrive policy allows one more."""

RETRY_S = 2


class RunBatch(BatchProcessor):
    """Processes a batch run by run: one append for all events of a run, and failures reported message by message."""

    def process(self) -> list[tuple]:
        outcomes = []
        for run, group in _grouped([SQSRecord(record) for record in self.records]).items():
            outcomes += self._take(run, group)
        return outcomes

    def _take(self, run: str, group: list[tuple[SQSRecord, list[AnyEvent]]]) -> list[tuple]:
        from econda_cloud.schedule.scheduler import UnknownRun

        events = [event for _, each in group for event in each]
        again = any(_receives(record) > 1 for record, _ in group)
        try:
            scheduler().take(run, events, again=again)
        except UnknownRun as error:
            for record, _ in group:
                _bury(record, str(error))
        except Exception as error:
            logger.exception("a run's events could not be taken", run=run)
            return [self._failed(record, error) for record, _ in group]
        count("Events", len(events))
        return [self.success_handler(record=record, result=None) for record, _ in group]

    def _failed(self, record: SQSRecord, error: Exception) -> tuple:
        if _receives(record) >= RECEIVES_MOST:
            _bury(record, f"{type(error).__name__}: {error}")
            return self.success_handler(record=record, result=None)
        # Its turn comes again soon, not only when the queue's long visibility time-out is over.
        team().events.hide(record.receipt_handle, RETRY_S * _receives(record))
        return self.failure_handler(record=record, exception=sys.exc_info())


processor = RunBatch(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def scheduler() -> TeamScheduler:
    from econda_adapters.aws.scheduling import TeamScheduler

    return TeamScheduler(team().stack, team().clients)


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    with processor(event["Records"], _unused, context):
        processor.process()
    return processor.response()


def _unused(record: SQSRecord) -> None:
    """Powertools asks for a handler of single records; a batch is taken run by run instead."""
    del record


def _grouped(records: list[SQSRecord]) -> dict[str, list[tuple[SQSRecord, list[AnyEvent]]]]:
    from econda_cloud.schedule.messages import BadMessage

    groups: dict[str, list[tuple[SQSRecord, list[AnyEvent]]]] = {}
    for record in records:
        try:
            run, events = _read(record.body)
        except BadMessage as error:
            _bury(record, str(error))
            continue
        groups.setdefault(run, []).append((record, events))
    return groups


def _read(body: str) -> tuple[str, list[AnyEvent]]:
    """A message of econda, or Lambda's word of an invocation that failed. Raises `BadMessage`."""
    from econda_adapters.aws.lambda_pool import lost_invocation

    from econda_cloud.schedule.messages import read_message

    if '"requestPayload"' in body:
        lost = lost_invocation(json.loads(body))
        if lost is not None:
            return lost[0], [lost[1]]
    message = read_message(body, team().blobs)
    return message.run, list(message.events)


def _receives(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count or 1)


def _bury(record: SQSRecord, reason: str) -> None:
    logger.warning("message buried", reason=reason, message_id=record.message_id)
    count("BadMessages")
    team().bury(record.body, f"schedule: {reason}", "events")
