"""Ending: deciding how a run ends, and stopping what still runs of it."""

from __future__ import annotations

from econda_cloud.run.blocks import Block
from econda_cloud.run.calls import leave_group
from econda_cloud.run.paths import environment_instance
from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop, NodeStatus, Stop
from econda_cloud.run.work import Work
from econda_cloud.wire.entries import Ending
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
                work.state.shares.pop(name, None)
                stop_frame(work, name, block.inner[index][arm], below)
            case Loop(round=number, frame=below):
                stop_frame(work, f"{name}[{number}]", block.inner[index][0], below)
            case Fan(frames=frames):
                for member, below in frames.items():
                    stop_frame(work, f"{name}[{member}]", block.inner[index][0], below)
                work.state.live -= len(frames)
    frame.active.clear()
    frame.status[:] = [NodeStatus.SKIPPED] * len(frame.status)


def stop_call(work: Work, instance: str, call: Call) -> None:
    """Stop what a call has running or wants to run."""
    state = work.state
    state.counts.cancelled += 1
    if instance in state.leading:
        work.over.append((instance, None))
    match call.phase:
        case "placed":
            item: Item = (instance, call.attempt)
            state.stopping[stop_name(item)] = Stop(item, call.chunk, state.seq)
        case "ready":
            leave_group(work, instance, call)
        case "looking":
            state.looking.pop(instance, None)
        case "preparing" | "backing_off":
            pass


def stop_name(item: Item) -> str:
    return f"{item[0]}#{item[1]}"


def begin_ending(work: Work, outcome: Outcome) -> None:
    """Decide how the run, or the handler that runs now, ends, and stop what still runs. The first decision stands."""
    if work.state.ending is None and work.state.outcome is None:
        end(work, work.choices.make(Ending, lambda: ending(work, outcome)))


def ending(work: Work, outcome: Outcome) -> Ending:
    return Ending(outcome, work.now + STOP_GRACE_MS)


def end(work: Work, decided: Ending) -> None:
    """Stop what still runs, now that the end is decided."""
    state = work.state
    state.ending, state.stop_by_ms = decided.outcome, decided.stop_by_ms
    # What waits for an equal call is stopped with it.
    state.leading.clear()
    state.leads.clear()
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
