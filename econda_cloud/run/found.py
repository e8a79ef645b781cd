"""What becomes of calls that looked for a result: done without an attempt, or tried after all."""

from __future__ import annotations

from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Call as CallNode

from econda_cloud.run.calls import prepare
from econda_cloud.run.events import Found, Item
from econda_cloud.run.expand import fail_node, finish_node
from econda_cloud.run.reuse import looking
from econda_cloud.run.work import Work


def take_found(work: Work, found: Found) -> None:
    """The call is done: it has cost nothing. An answer that came before changes nothing."""
    looks = looking(work, (found.instance, found.attempt))
    if looks is None:
        return
    places, _ = looks
    work.state.counts.succeeded += 1
    work.state.counts.reused += 1
    finish_node(work, places, {places[-1].node.id: found.outputs})


def take_missing(work: Work, item: Item) -> None:
    looks = looking(work, item)
    if looks is None:
        return
    places, call = looks
    node = places[-1].node
    assert isinstance(node, CallNode)
    try:
        prepare(work, places, node, call)
    except EvaluationError as error:
        fail_node(work, places, f"{item[0]}: {error}")
