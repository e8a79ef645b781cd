"""How attempts end: results taken once, failures retried or passed up, money settled."""

from __future__ import annotations

from typing import Any

from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import FailureKind

from econda_cloud.money.prices import attempt_cost
from econda_cloud.run.calls import BUILD_RETRY, prepare, request_build, retry_of, try_again
from econda_cloud.run.expand import fail_node, finish_node
from econda_cloud.run.paths import environment_key
from econda_cloud.run.reuse import keep
from econda_cloud.run.state import Call, Chunk
from econda_cloud.run.work import At, Work
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, ChunkLost, Item


def current(work: Work, item: Item) -> tuple[list[At], Call] | None:
    """The call whose running attempt this is, or None if the attempt is over, stopped or never was.

    For the building of an environment the places are empty.
    """
    instance, attempt = item
    key = environment_key(instance)
    preparation = work.state.preparations.get(key) if key is not None else None
    if preparation is not None:
        call = preparation.call
        return ([], call) if call is not None and call.attempt == attempt and not preparation.archive else None
    found = work.locate(instance)
    if found is None or found[1].attempt != attempt or found[1].phase not in ("requested", "placed"):
        return None
    return found


def _end(work: Work, event: AttemptSucceeded | AttemptFailed) -> tuple[list[At], Call] | None:
    """Free what an attempt held and book its cost; returns its call unless the attempt no longer matters."""
    item = (event.instance, event.attempt)
    work.releases.append(item)
    found = current(work, item)
    if found is None:
        _settle_stopped(work, item, event.ended_ms - event.started_ms)
        return None
    settle(work, item, found[1].chunk, event.ended_ms - event.started_ms)
    return found


def take_success(work: Work, event: AttemptSucceeded) -> None:
    found = _end(work, event)
    if found is None:
        return
    places, call = found
    if places:
        work.state.counts.succeeded += 1
        keep(work, places, call, event.outputs)
        finish_node(work, places, {places[-1].node.id: event.outputs})
    else:
        _environment_built(work, event.instance, event.outputs)


def take_failure(work: Work, event: AttemptFailed) -> None:
    found = _end(work, event)
    if found is None:
        return
    places, call = found
    _retry_or_fail(work, event.instance, places, call, event.failure, event.message)


def take_loss(work: Work, event: ChunkLost) -> None:
    """Attempts of the chunk that have not reported end as lost, with nothing known of their time."""
    chunk = work.state.chunks.get(event.chunk) or borrower(work, event.chunk)
    if chunk is None:
        return
    items = list(chunk.open)
    if event.index is not None:
        items = [chunk.order[event.index]] if event.index < len(chunk.order) else []
    for instance, attempt in items:
        if (instance, attempt) in chunk.open:
            take_failure(
                work,
                AttemptFailed(instance=instance, attempt=attempt, failure=event.failure, message=event.message),
            )


def borrower(work: Work, lender: str) -> Chunk | None:
    """The chunk that was started eagerly in the place of another; whoever ran that one runs it too."""
    return next((chunk for chunk in work.state.chunks.values() if chunk.lender == lender), None)


def refuse(work: Work, item: Item, message: str) -> None:
    """No pool can take this attempt: its call fails for good. The broker keeps the refusal until it is released."""
    work.releases.append(item)
    found = current(work, item)
    if found is None:
        return
    places, _ = found
    work.state.counts.failed += 1
    if places:
        fail_node(work, places, f"{item[0]}: {message}")
    else:
        _environment_failed(work, item[0], message)


def _retry_or_fail(work: Work, instance: str, places: list[At], call: Call, failure: FailureKind, message: str) -> None:
    node = places[-1].node if places else None
    retry = retry_of(work, node) if isinstance(node, CallNode) else BUILD_RETRY
    if try_again(work, instance, call, retry, failure):
        return
    work.state.counts.failed += 1
    final = f"{instance} (attempt {call.attempt}) {failure.replace('_', ' ')}: {message}"
    if places:
        fail_node(work, places, final)
    else:
        _environment_failed(work, instance, final)


def back_off_over(work: Work, instance: str, attempt: int) -> None:
    """The wait before this attempt is over: ask for it. Stale timers change nothing."""
    key = environment_key(instance)
    preparation = work.state.preparations.get(key) if key is not None else None
    if key is not None and preparation is not None:
        if preparation.call and preparation.call.phase == "backing_off" and preparation.call.attempt == attempt:
            request_build(work, key, preparation.call)
        return
    found = work.locate(instance)
    if found is not None and found[1].phase == "backing_off" and found[1].attempt == attempt:
        prepare_or_fail(work, *found)


def prepare_or_fail(work: Work, places: list[At], call: Call) -> None:
    """Ask for the call's present attempt, or wait for its environment; it fails if what it needs cannot be told."""
    node = places[-1].node
    assert isinstance(node, CallNode)
    try:
        prepare(work, places, node, call)
    except EvaluationError as error:
        fail_node(work, places, f"{work.instance(places)}: {error}")


def _environment_built(work: Work, instance: str, outputs: dict[str, Any]) -> None:
    preparation = work.state.preparations[environment_key(instance) or ""]
    preparation.archive, preparation.call = str(outputs["archive"]), None
    waiting, preparation.waiting = preparation.waiting, []
    for name in waiting:
        found = work.locate(name)
        if found is not None and found[1].phase == "preparing":
            prepare_or_fail(work, *found)


def _environment_failed(work: Work, instance: str, message: str) -> None:
    preparation = work.state.preparations[environment_key(instance) or ""]
    waiting, preparation.waiting, preparation.call = preparation.waiting, [], None
    for name in waiting:
        found = work.locate(name)
        if found is not None:
            fail_node(work, found[0], f"{name}: its environment could not be built: {message}")


def settle(work: Work, item: Item, chunk_name: str, duration_ms: int) -> None:
    """Book what an attempt has cost and take it out of its chunk."""
    state = work.state
    chunk = state.chunks.get(chunk_name)
    if chunk is None or item not in chunk.open:
        return
    chunk.open.remove(item)
    cost = attempt_cost(chunk.price, max(0, duration_ms), chunk.memory, chunk.size)
    if cost is None:
        state.unpriced += 1
    else:
        state.spent += cost
    state.committed -= chunk.committed
    if not chunk.open:
        work.releases += chunk.lent
        del state.chunks[chunk_name]


def _settle_stopped(work: Work, item: Item, duration_ms: int) -> None:
    chunk = work.state.stopping.pop(f"{item[0]}#{item[1]}", None)
    if chunk is not None:
        settle(work, item, chunk, duration_ms)
