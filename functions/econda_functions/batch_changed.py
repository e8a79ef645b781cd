"""batch_changed: a Batch job that ended badly, told by EventBridge, becomes an event of its run."""

from __future__ import annotations

from typing import Any

from econda_functions.observing import count, logger, observed
from econda_functions.team import team


@observed
def handler(event: dict[str, Any], context: Any) -> None:
    from aws_lambda_powertools.utilities.parser import parse
    from econda_adapters.aws.batch_events import lost_job

    from econda_cloud.schedule.messages import write_message
    from econda_functions.notices import JobChange

    del context
    found = lost_job(parse(event, JobChange).detail)
    if found is None:
        return
    run, change = found
    team().notices.send([write_message(run, [change], team().blobs)])
    logger.info("job lost", run=run, change=type(change).__name__)
    count("JobsLost")
