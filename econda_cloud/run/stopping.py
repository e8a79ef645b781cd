"""Ending: deciding how a run ends, and stopping what still runs of it."""

from __future__ import annotations

from econda_cloud.run.blocks import Block
from econda_cloud.run.paths import environment_instance
from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop, NodeStatus
from econda_cloud.run.work import Work
from econda_cloud.wire.commands import CancelAttempts
from econda_cloud.wire.events import Item
from econda_cloud.wire.outcome import Outcome

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
    """Stop what a call has running or wants to run."""
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
    """Decide how the run, or the handler that runs now, ends, and stop what still runs. The first decision stands."""
    state = work.state
    if state.ending is not None or state.outcome is not None:
        return
    state.ending = outcome
    state.stop_by_ms = work.now + STOP_GRACE_MS
    if state.root is not None:
        stop_frame(work, work.prefix, work.root, state.root)
    for key, preparation in state.preparations.items():
        if preparation.call is not None and not preparation.archive:
            stop_call(work, environment_instance(work.program.plan.name, key), preparation.call)
            preparation.call, preparation.stopped = None, preparation.call.attempt


def has_stopped(work: Work) -> bool:
    """Whether the end is decided and nothing is waited for any more."""
    state = work.state
    if state.ending is None or state.outcome is not None:
        return False
    return not state.stopping or work.now >= state.stop_by_ms
