"""Ending: stopping what still runs, and closing the run when it has stopped."""

from __future__ import annotations

from econda_cloud.run.blocks import Block
from econda_cloud.run.commands import CancelAttempts, FinishRun
from econda_cloud.run.events import Item
from econda_cloud.run.paths import environment_instance
from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop, NodeStatus, Outcome
from econda_cloud.run.work import Work

STOP_GRACE_MS = 60_000
"""How long a run waits for attempts told to stop before it ends without their last word."""


def stop_frame(work: Work, instance: str, block: Block, frame: Frame) -> None:
    """Stop every call below a frame; `instance` is the frame's own name."""
    for index, active in frame.active.items():
        name = f"{instance}/{block.nodes[index].id}"
        match active:
            case Call():
                stop_call(work, name, active)
            case Branch(arm=arm, frame=below):
                stop_frame(work, name, block.inner[index][arm], below)
            case Loop(round=number, frame=below):
                stop_frame(work, f"{name}[{number}]", block.inner[index][0], below)
            case Fan(frames=frames):
                for member, below in frames.items():
                    stop_frame(work, f"{name}[{member}]", block.inner[index][0], below)
    frame.active.clear()
    frame.status[:] = [NodeStatus.SKIPPED] * len(frame.status)


def stop_call(work: Work, instance: str, call: Call) -> None:
    work.state.counts.cancelled += 1
    item: Item = (instance, call.attempt)
    chunk = work.state.chunks.get(call.chunk)
    if call.phase == "placed" and chunk is not None:
        work.state.stopping[f"{instance}#{call.attempt}"] = call.chunk
        told = work.cancels.get(call.chunk)
        items = (*told.items, item) if told else (item,)
        work.cancels[call.chunk] = CancelAttempts(chunk=call.chunk, pool=chunk.pool, handle=chunk.handle, items=items)
    elif call.phase == "requested":
        work.releases.append(item)


def begin_ending(work: Work, outcome: Outcome) -> None:
    """Decide how the run ends, stop what still runs, and end at once if nothing does. The first decision stands."""
    state = work.state
    if state.ending is not None or state.outcome is not None:
        return
    state.ending = outcome
    state.stop_by_ms = work.now + STOP_GRACE_MS
    if state.root is not None:
        stop_frame(work, work.program.plan.name, work.program.root, state.root)
    for key, preparation in state.preparations.items():
        if preparation.call is not None and not preparation.archive:
            stop_call(work, environment_instance(work.program.plan.name, key), preparation.call)
            preparation.call = None
    close_if_stopped(work)


def close_if_stopped(work: Work) -> None:
    state = work.state
    if state.ending is None or state.outcome is not None:
        return
    if state.stopping and work.now < state.stop_by_ms:
        return
    state.outcome, state.finished_ms = state.ending, work.now
    state.root, state.timers, state.timer_ms = None, [], 0
    state.stopping.clear()
    work.releases += [item for chunk in state.chunks.values() for item in chunk.open]
    state.chunks.clear()
    work.commands.append(FinishRun(outcome=state.outcome))
