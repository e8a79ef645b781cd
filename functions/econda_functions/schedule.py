"""schedule: a batch of messages about runs, grouped by run, into the team's scheduler.

Fed by three queues: `events`, whose groups are runs, so that nobody else has a run that is in hand here; `notices`, of
timers and the cloud's own words, and `lost`, of invocations of workers that failed, which deliver side by side.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from econda_functions.observing import count, logger, observed
from econda_functions.team import team
from econda_functions.waiting import bury, hide, is_grouped, receives

if TYPE_CHECKING:
    from econda_cloud.schedule.messages import BadMessage
    from econda_cloud.schedule.rounds import Rounds, Taking
    from econda_cloud.wire.events import AnyEvent, ChunkLost

MARGIN_MS, MARGIN_SHARE = 8_000, 4
"""What is not begun so long before the invocation's end, or in the last quarter of a short one, is handed back untouched."""


class RunBatch(BatchProcessor):
    """Processes a batch run by run: one record for all events of a run, and failures reported message by message."""

    def process(self) -> list[tuple]:
        records = [SQSRecord(record) for record in self.records]
        self._margin_ms = min(MARGIN_MS, self._remaining_ms() // MARGIN_SHARE)
        groups = self._grouped(records)
        outcomes = rounds().take([_taking(run, group) for run, group in groups.items()], _now_ms, self._time_left)
        done: list[tuple] = []
        for run, group in groups.items():
            if (error := outcomes.later.get(run)) is not None:
                logger.warning("a run's events are taken later", run=run, reason=f"{type(error).__name__}: {error}")
                done += [self._put_off(record, error) for record, _ in group]
                continue
            for record, _ in group:
                # What cannot be read is buried once its run knows, so once.
                reason = self._unreadable.get(record.message_id) or outcomes.refused.get(run)
                if reason is not None:
                    bury(record, f"schedule: {reason}")
            count("Events", sum(len(events) for _, events in group))
            done += [self.success_handler(record=record, result=None) for record, _ in group]
        return done + self._left_out

    def _grouped(self, records: list[SQSRecord]) -> dict[str, list[tuple[SQSRecord, list[AnyEvent]]]]:
        """By run, its messages and their events; what cannot be read is dealt with here."""
        from econda_cloud.schedule.messages import BadMessage

        groups: dict[str, list[tuple[SQSRecord, list[AnyEvent]]]] = {}
        put_off: set[str] = set()
        self._left_out: list[tuple] = []
        self._unreadable: dict[str, str] = {}
        for record in records:
            group = str(record.attributes.message_group_id or "") if is_grouped(record) else ""
            try:
                if group in put_off:
                    raise TimeoutError("one before it in its group is put off")
                found = _read(record)
            except Exception as error:
                if isinstance(error, BadMessage):
                    found = self._missing(record, error.run or group, error)
                else:
                    put_off |= {group} - {""}
                    self._left_out.append(self._put_off(record, error))
                    continue
            if found is None:
                self._left_out.append(self.success_handler(record=record, result=None))
            else:
                groups.setdefault(found[0], []).append((record, found[1]))
        return groups

    def _missing(self, record: SQSRecord, run: str, error: BadMessage) -> tuple[str, list[AnyEvent]] | None:
        """What follows of a message that nobody will ever be able to read: the run that misses it, if it can be told, is
        over; else it is buried at once.
        """
        from econda_cloud.wire.events import RunBroken

        if not run:
            bury(record, f"schedule: {error}")
            return None
        self._unreadable[record.message_id] = f"{run}: {error}"
        return run, [
            RunBroken(message=f"a message about this run can never be read, and what it told is lost: {error}")
        ]

    def _put_off(self, record: SQSRecord, error: Exception) -> tuple:
        """Its turn comes again: the later, the older it is. Errors of the world are waited for, however long."""
        hide(record)
        try:
            raise error
        except Exception:
            return self.failure_handler(record=record, exception=sys.exc_info())

    def _time_left(self) -> bool:
        return self._remaining_ms() > self._margin_ms

    def _remaining_ms(self) -> int:
        return self.lambda_context.get_remaining_time_in_millis() if self.lambda_context is not None else 1 << 30


processor = RunBatch(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def rounds() -> Rounds:
    from econda_adapters.aws.scheduling import team_rounds

    return team_rounds(team().stack, team().clients)


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    with processor(event["Records"], _unused, context):
        processor.process()
    return processor.response()


def _unused(record: SQSRecord) -> None:
    """Powertools asks for a handler of single records; a batch is taken run by run instead."""
    del record


def _taking(run: str, group: list[tuple[SQSRecord, list[AnyEvent]]]) -> Taking:
    from econda_cloud.schedule.rounds import Taking

    events = tuple(event for _, each in group for event in each)
    again = any(receives(record) > 1 for record, _ in group)
    return Taking(run, events, again=again, unsure=not all(is_grouped(record) for record, _ in group))


def _read(record: SQSRecord) -> tuple[str, list[AnyEvent]] | None:
    """A message of econda, or Lambda's word of an invocation that failed; None for one that is passed on.

    Raises `BadMessage`, `FromTheFuture`, and what the store raises.
    """
    from econda_adapters.aws.lambda_pool import lost_invocation

    from econda_cloud.schedule.messages import BROKER, BadMessage, RunEvents, read_message
    from econda_cloud.wire.events import ChunkLost

    of_lost = team().is_of_lost(str(record.event_source_arn or ""))
    if '"requestPayload"' in record.body and not of_lost and (told := _not_published(record.body)) is not None:
        return told
    if '"requestPayload"' in record.body and (lost := lost_invocation(_json(record.body))) is not None:
        return _if_believed(*lost)
    if of_lost:
        # The role of workers may send to this queue, so nothing else is heard there.
        raise BadMessage("not Lambda's word of an invocation that failed")
    message = read_message(record.body, team().blobs)
    if not isinstance(message, RunEvents):
        team().broker.send([record.body], group=BROKER)
        return None
    if len(message.events) == 1 and isinstance(message.events[0], ChunkLost):
        return _if_believed(message.run, message.events[0])
    return message.run, list(message.events)


def _not_published(body: str) -> tuple[str, list[AnyEvent]] | None:
    """Lambda's word that outputs could not be published. The role of workers cannot say it: their queue is another one."""
    from econda_adapters.aws.publishing import lost_publishing

    found = lost_publishing(_json(body))
    return None if found is None else (found[0], [found[1]])


def _if_believed(run: str, lost: ChunkLost) -> tuple[str, list[AnyEvent]] | None:
    """What a pool says of its own accord is a rumour: it may be about a duplicate of the job that has the chunk."""
    from econda_cloud.schedule.looking_after import believed

    if (about := believed(lost, team().log, _now_ms())) is not None:
        return run, [about]
    logger.info("a duplicate of a job is gone", run=run, chunk=lost.chunk)
    return None


def _json(body: str) -> dict[str, Any]:
    from econda_cloud.schedule.messages import BadMessage

    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadMessage("not an object")
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
