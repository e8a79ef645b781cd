"""What a run wants done: everything whose effect its state does not show yet. The only source of effects.

Each record says how many before it were carried out, so whoever takes a run over after a crash finds what was lost, and
nothing else; and who goes on with it finds what the last record has brought.
"""

from __future__ import annotations

from econda_cloud.run.state import Chunk, RunState
from econda_cloud.wire.commands import (
    AnyCommand,
    CancelAttempts,
    Dispatch,
    FinishRun,
    Keep,
    LookAfter,
    LookUp,
    Publish,
    SetTimer,
    ShowStatus,
    TellBroker,
)
from econda_cloud.wire.events import Item


def pending(state: RunState, since: int | None = None) -> list[AnyCommand]:
    """What the records after `since` want done, by default all that is not known to be done."""
    since = state.carried if since is None else since
    commands: list[AnyCommand] = [*_cancels(state, since)]
    commands += [dispatch_of(name, state.chunks[name]) for name, seq in state.undone.items() if seq > since and not state.chunks[name].handle]  # fmt: skip
    if kept := tuple(each.kept for each in state.kept if each.seq > since):
        commands.append(Keep(results=kept))
    if items := tuple((instance, asked.attempt) for instance, asked in state.looking.items() if asked.seq > since):
        commands.append(LookUp(items=items))
    commands += [_look_after(name, state.chunks[name]) for name, seq in state.looked.items() if seq > since]
    if state.telling.seq > since and state.telling.words is not None:
        commands.append(TellBroker(told=state.telling.words))
    if state.outcome is None and state.wake_seq > since and state.wake_ms:
        commands.append(SetTimer(at_ms=state.wake_ms))
    if state.outcome is None and state.shown_seq > since:
        commands.append(ShowStatus())
    if state.outcome is not None and state.finished_seq > since:
        commands.append(FinishRun(outcome=state.outcome))
        if state.publish_to and state.published is None:
            commands.append(Publish(to=state.publish_to))
    if state.published_seq > since:
        commands.append(ShowStatus())
    return commands


def dispatch_of(name: str, chunk: Chunk) -> Dispatch:
    """How a chunk is handed over."""
    return Dispatch(
        chunk=name,
        pool=chunk.pool,
        offer=chunk.offer,
        spot=chunk.spot,
        items=tuple(chunk.open),
        cpu_milli=chunk.cpu_milli,
        memory=chunk.memory,
        gpu=chunk.gpu,
        size=len(chunk.order),
    )


def _look_after(name: str, chunk: Chunk) -> LookAfter:
    # One alone is a job of its own, also where several are an array.
    members = _members(tuple(chunk.open), tuple(chunk.order)) if chunk.array and len(chunk.order) > 1 else ()
    return LookAfter(chunk=name, pool=chunk.pool, offer=chunk.offer, handle=chunk.handle, placed_ms=chunk.placed_ms, here=chunk.here,
                     members=members)  # fmt: skip


def _cancels(state: RunState, since: int) -> list[CancelAttempts]:
    stopped: dict[str, list[Item]] = {}
    for stop in state.stopping.values():
        if stop.seq > since:
            stopped.setdefault(stop.chunk, []).append(stop.item)
    cancels = []
    for name, items in stopped.items():
        chunk = state.chunks[name]
        cancels.append(_cancel(name, chunk.pool, chunk.offer, chunk.handle, tuple(items), tuple(chunk.order)))
    return cancels + [
        _cancel(each.chunk, each.pool, each.offer, each.handle, each.items, each.order)
        for each in state.abandoned
        if each.seq > since
    ]


def _cancel(chunk: str, pool: str, offer: str, handle: str, items: tuple[Item, ...], order: tuple[Item, ...]) -> CancelAttempts:  # fmt: skip
    members = _members(items, order)
    return CancelAttempts(chunk=chunk, pool=pool, offer=offer, handle=handle, items=items, members=members,
                          whole=len(members) == len(order))  # fmt: skip


def _members(items: tuple[Item, ...], order: tuple[Item, ...]) -> tuple[int, ...]:
    wanted = set(items)
    return tuple(number for number, item in enumerate(order) if item in wanted)
