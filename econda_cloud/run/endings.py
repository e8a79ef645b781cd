"""How attempts end: results taken once, failures retried or passed up, money settled."""

from __future__ import annotations

from typing import Any

from econda_edsl.evaluate import EvaluationError
from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import FailureKind
from msgspec.structs import replace

from econda_cloud.run.booking import book, book_jobs_end, book_outlived, held_since, note_outlived
from econda_cloud.run.calls import BUILD_RETRY, leave_group, prepare, request_build, retry_of, try_again
from econda_cloud.run.expand import fail_node, finish_node
from econda_cloud.run.paths import environment_key
from econda_cloud.run.reuse import keep
from econda_cloud.run.state import Call
from econda_cloud.run.stopping import stop_name
from econda_cloud.run.work import At, Work
from econda_cloud.wire.entries import TRUE_TO_THE_END
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded, ChunkLost, ChunkRefused, Item
from econda_cloud.wire.names import job_of


def current(work: Work, item: Item) -> tuple[list[At], Call] | None:
    """The call whose running attempt this is, or None if the attempt is over, stopped or never was.

    For the building of an environment the places are empty.
    """
    instance, attempt = item
    key = environment_key(instance)
    preparation = work.state.preparations.get(key) if key is not None else None
    if preparation is not None:
        call = preparation.call
        at_work = call is not None and call.attempt == attempt and call.phase in ("ready", "placed")
        return ([], call) if call is not None and at_work and not preparation.archive else None
    found = work.locate(instance)
    if found is None or found[1].attempt != attempt or found[1].phase not in ("ready", "placed"):
        return None
    return found


def _end(work: Work, event: AttemptSucceeded | AttemptFailed) -> tuple[list[At], Call] | None:
    """Book what an attempt has cost; returns its call unless the attempt no longer matters.

    Only the owner of a chunk's claim can report, so it is heard whichever job the chunk was accepted as: a chunk that was
    handed over twice is two jobs. Of another one's loss nothing is heard.
    """
    item = (event.instance, event.attempt)
    stop = work.state.stopping.get(stop_name(item))
    if stop is not None:
        if not _not_heard(work, stop.chunk, event):
            del work.state.stopping[stop_name(item)]
            book(work, item, stop.chunk, event.started_ms, event.ended_ms)
        return None
    found = current(work, item)
    if found is None:
        book_outlived(work, item, event.started_ms, event.ended_ms)
        return None
    if found[1].phase == "placed" and _not_heard(work, found[1].chunk, event):
        return None
    if found[1].phase == "placed":
        book(work, item, found[1].chunk, event.started_ms, event.ended_ms)
    else:
        leave_group(work, event.instance, found[1])
    return found


def _not_heard(work: Work, name: str, event: AttemptSucceeded | AttemptFailed) -> bool:
    of_worker = isinstance(event, AttemptSucceeded) or event.failure != "lost"
    if of_worker and work.engine >= TRUE_TO_THE_END:
        return False
    return _of_another(work, name, event.handle)


def _of_another(work: Work, name: str, handle: str) -> bool:
    """Whether this is another job than the one that is known to have the chunk."""
    chunk = work.state.chunks.get(name)
    return chunk is not None and bool(handle) and bool(chunk.handle) and job_of(handle) != job_of(chunk.handle)


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
    """Attempts of the chunk that have not reported end as lost, or those that its job has gone on with."""
    chunk = work.state.chunks.get(event.chunk)
    book_jobs_end(work, event)
    if chunk is None:
        _lose_following(work, event)
        return
    if not event.claimed and _of_another(work, event.chunk, event.handle):
        return
    items = list(chunk.open)
    if event.index is not None:
        items = [chunk.order[event.index]] if event.index < len(chunk.order) else []
    _lose_all(work, event.chunk, [item for item in items if item in chunk.open], event)


def _lose_following(work: Work, event: ChunkLost) -> None:
    """A pool names a job by the chunk that it was handed over with, however many it has gone on with since."""
    for name, chunk in list(work.state.chunks.items()):
        if chunk.here and event.handle and job_of(event.handle) == job_of(chunk.handle):
            _lose_all(work, name, list(chunk.open), replace(event, started_ms=0))


def _lose_all(work: Work, name: str, items: list[Item], event: ChunkLost) -> None:
    """Of a sequence the first has held the place until now; the others never had it."""
    chunk = work.state.chunks[name]
    for item, since in [(item, held_since(chunk, item)) for item in items]:
        if item in chunk.open:
            _lose(work, name, item, since, event)


def _lose(work: Work, chunk_name: str, item: Item, since: int | None, event: ChunkLost) -> None:
    """One attempt is lost. It is booked as long as it may have held its place: whoever ran it cannot tell."""
    chunk = work.state.chunks[chunk_name]
    started = max(event.started_ms, chunk.heard_ms if not chunk.array else 0) or since or 0
    ended = max(started, event.ended_ms or chunk.held_until(started, work.now))
    booked = (started, ended) if since is not None else (0, 0)
    name = stop_name(item)
    note_outlived(work, item, chunk_name, max(started, event.ended_ms or work.now))
    if name in work.state.stopping:
        stop = work.state.stopping.pop(name)
        book(work, item, stop.chunk, *booked)
        return
    found = current(work, item)
    if found is None:
        return
    book(work, item, found[1].chunk, *booked)
    _retry_or_fail(work, item[0], *found, event.failure, event.message)


def take_refusal(work: Work, event: ChunkRefused) -> None:
    """The pool never takes the chunk: its calls fail for good, and nothing was paid."""
    chunk = work.state.chunks.get(event.chunk)
    for item in list(chunk.open) if chunk is not None else ():
        if work.engine >= TRUE_TO_THE_END:
            # It may have been handed over before, and taken then.
            note_outlived(work, item, event.chunk, 0)
        if work.state.stopping.pop(stop_name(item), None) is not None:
            book(work, item, event.chunk, 0, 0, paid=False)
        elif (found := current(work, item)) is not None:
            book(work, item, event.chunk, 0, 0, paid=False)
            give_up(work, item, found[0], f"its pool refuses it: {event.why}")


def give_up(work: Work, item: Item, places: list[At], message: str) -> None:
    """A call fails for good, without another attempt."""
    work.state.counts.failed += 1
    if places:
        fail_node(work, places, f"{item[0]}: {message}")
    else:
        _environment_failed(work, item[0], message)


def refuse_class(work: Work, demand: str, reasons: str) -> None:
    """No pool can take attempts of this class: those that are ready fail for good."""
    items = [(item, group.task) for group in work.state.groups.values() if group.demand == demand
             for item in group.items.items()]  # fmt: skip
    for item, task in items:
        found = current(work, item)
        if found is not None and found[1].phase == "ready":
            leave_group(work, item[0], found[1])
            give_up(work, item, found[0], f"no pool can ever run `{task}` ({reasons})")


def _retry_or_fail(work: Work, instance: str, places: list[At], call: Call, failure: FailureKind, message: str) -> None:
    node = places[-1].node if places else None
    retry = retry_of(work, node) if isinstance(node, CallNode) else BUILD_RETRY
    final = try_again(work, instance, call, retry, failure, message)
    if not final:
        return
    work.state.counts.failed += 1
    if places:
        fail_node(work, places, final)
    else:
        _environment_failed(work, instance, final)


def back_off_over(work: Work, instance: str, attempt: int) -> None:
    """The wait before this attempt is over: it is ready. Stale timers change nothing."""
    if not backs_off(work, instance, attempt):
        return
    key = environment_key(instance)
    preparation = work.state.preparations.get(key) if key is not None else None
    if key is not None and preparation is not None and preparation.call is not None:
        request_build(work, key, preparation.call)
    elif (found := work.locate(instance)) is not None:
        prepare_or_fail(work, *found)


def backs_off(work: Work, instance: str, attempt: int) -> bool:
    """Whether this attempt still waits for its time."""
    key = environment_key(instance)
    preparation = work.state.preparations.get(key) if key is not None else None
    if preparation is not None:
        call = preparation.call
    else:
        found = work.locate(instance)
        call = found[1] if found is not None else None
    return call is not None and call.phase == "backing_off" and call.attempt == attempt


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
    if preparation.call is not None:
        preparation.stopped = preparation.call.attempt
    waiting, preparation.waiting, preparation.call = preparation.waiting, [], None
    for name in waiting:
        found = work.locate(name)
        if found is not None:
            fail_node(work, found[0], f"{name}: its environment could not be built: {message}")
