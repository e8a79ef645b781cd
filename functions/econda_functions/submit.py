"""submit: a notification of the bucket, by way of the uploads queue, becomes a started run or a list of errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from econda_functions.observing import count, logger, observed
from econda_functions.team import team

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from econda_functions.notices import Record

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, record_handler=_take, processor=processor, context=context)


def _take(record: SQSRecord) -> None:
    from aws_lambda_powertools.utilities.parser import parse

    from econda_functions.notices import Notification

    try:
        notification = parse(json.loads(record.body), Notification)
    except ValueError as error:
        team().bury(record.body, f"submit: not a notification of S3: {error}", "uploads")
        count("BadMessages")
        return
    for each in notification.records:
        _submit(each)


def _submit(record: Record) -> None:
    from econda_adapters.aws.uploads import submit

    from econda_cloud.submission.uploads import Upload

    key = unquote_plus(record.s3.object.key)
    version = record.s3.object.version or record.s3.object.sequencer
    upload = Upload(record.s3.bucket.name, key, version, record.user.principal)
    run = submit(upload, record.s3.object.size, record.s3.object.version, team())
    logger.info("upload taken", key=key, run=run)
    count("RunsStarted" if run else "UploadsRefused")
