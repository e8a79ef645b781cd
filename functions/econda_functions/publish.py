"""publish: copies the outputs of a run to where its pipeline says, and tells the run. Whatever becomes of it, the run has ended.

Invoked by the scheduler. What may go away by itself is tried again by Lambda, twice; then its word of that goes to the
scheduler, which tells the run.
"""

from __future__ import annotations

from typing import Any

from econda_functions.observing import count, logger, observed
from econda_functions.team import team


@observed
def handler(event: dict[str, Any], context: Any) -> None:
    import msgspec
    from econda_adapters.aws.publishing import Publishing, allowed_places, publish_on_stack

    from econda_cloud.schedule.messages import write_message

    del context
    asked = msgspec.convert(event, Publishing)
    told = publish_on_stack(asked, team().stack.bucket, team().clients, team().blobs, allowed_places())
    team().events.send([write_message(asked.run, [told], team().blobs)], group=asked.run)
    count("NotPublished" if told.error else "RunsPublished")
    logger.info("outputs published", run=asked.run, to=told.to, error=told.error)
