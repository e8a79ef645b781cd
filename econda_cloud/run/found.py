"""What becomes of calls that looked for a result: done without an attempt, or tried after all."""

from __future__ import annotations

from econda_cloud.run.expand import finish_node
from econda_cloud.run.reuse import looking
from econda_cloud.run.twins import begin_or_join
from econda_cloud.run.work import Work
from econda_cloud.wire.entries import SHARES_RESULTS
from econda_cloud.wire.events import Found, Item


def take_found(work: Work, found: Found) -> None:
    """The call is done: it has cost nothing. An answer that came before changes nothing."""
    looks = looking(work, (found.instance, found.attempt))
    if looks is None:
        return
    places, _ = looks
    work.state.looking.pop(found.instance, None)
    work.state.counts.succeeded += 1
    work.state.counts.reused += 1
    finish_node(work, places, {places[-1].node.id: found.outputs})


def take_missing(work: Work, item: Item) -> None:
    looks = looking(work, item)
    if looks is None or (work.engine >= SHARES_RESULTS and item[0] not in work.state.looking):
        # It was answered before: if it still looks, it waits for an equal call.
        return
    work.state.looking.pop(item[0], None)
    begin_or_join(work, *looks)
