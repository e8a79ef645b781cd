"""Why an instance that a run has not come to has not begun: a branch that was not taken, or what it waits for."""

from __future__ import annotations

import re

from econda_edsl.plan import Plan

from econda_cloud.run.blocks import Block, program_of
from econda_cloud.run.paths import parse_instance
from econda_cloud.run.state import Branch, Fan, Loop, Member, NodeStatus, RunState

_PLACE = re.compile(r"\[\d+\]")


def skipped_as(state: RunState, instance: str) -> str | None:
    """The name under which a run keeps that an instance was skipped: there are no members in what was never begun."""
    if instance in state.skipped:
        return instance
    parts = instance.split("/")
    for kept in range(len(parts)):
        name = "/".join([*parts[:kept], *(_PLACE.sub("", part) for part in parts[kept:])])
        if name in state.skipped:
            return name
    return None


def waits_for(plan: Plan, state: RunState, instance: str) -> str:
    """What keeps an instance of a running run from beginning, in words; empty if there is no such instance, or nothing does."""
    segments, frame, block = parse_instance(instance), state.root, program_of(plan).block(state.handling)
    for name, number in segments or ():
        index = block.index.get(name)
        if index is None or frame is None:
            return ""
        if frame.status[index] == NodeStatus.WAITING:
            missing = [block.nodes[each].id for each in _before(block, index) if frame.status[each] < NodeStatus.DONE]
            return f"it comes after {', '.join(missing)}, which {'has' if len(missing) == 1 else 'have'} not ended"
        active = frame.active.get(index)
        match active:
            case Fan() if number is not None and number < active.total:
                if active.members[number] == Member.WAITING:
                    return _of_fan(active, number, getattr(block.nodes[index], "parallel", None))
                frame, block = active.frames.get(number), block.inner[index][0]
            case Branch() if number is None:
                frame, block = active.frame, block.inner[index][active.arm]
            case Loop() if number is not None:
                if number > active.round:
                    return f"its `repeat` is in round {active.round}"
                frame, block = active.frame if number == active.round else None, block.inner[index][0]
            case _:
                return ""
    return ""


def _before(block: Block, index: int) -> list[int]:
    return [each for each, after in enumerate(block.dependents) if index in after]


def _of_fan(fan: Fan, number: int, parallel: int | None) -> str:
    at_once = f", and has at most {parallel:,} at once (`parallel`)" if parallel is not None else ""
    return (
        f"its `foreach` has begun {fan.next:,} of {fan.total:,} members{at_once}; {number - fan.next:,} come before it"
    )
