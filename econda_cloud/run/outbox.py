"""The outbox of a run: requests and releases that the broker may not have heard of, read off the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import Plan

from econda_cloud.run.blocks import Block, program_of
from econda_cloud.run.calls import request, request_build
from econda_cloud.run.endings import current
from econda_cloud.run.state import Branch, Call, Fan, Frame, Loop, RunState
from econda_cloud.run.work import At, Work
from econda_cloud.wire.commands import AnyCommand, LookUp, RequestPlacement
from econda_cloud.wire.events import Item


def active_calls(block: Block, frame: Frame, above: list[At]) -> Iterator[tuple[list[At], Call]]:
    """Every active call below a frame, with its places."""
    for index, active in list(frame.active.items()):
        at = At(block, frame, index)
        match active:
            case Call():
                yield [*above, at], active
            case Branch(arm=arm, frame=below):
                yield from active_calls(block.inner[index][arm], below, [*above, at])
            case Loop(round=number, frame=below):
                yield from active_calls(block.inner[index][0], below, [*above, at._replace(member=number)])
            case Fan(frames=frames):
                for member, below in frames.items():
                    yield from active_calls(block.inner[index][0], below, [*above, at._replace(member=member)])


def ask_again(work: Work) -> None:
    """Request a place once more for every call that waits for one."""
    state = work.state
    if state.root is None or state.ending is not None:
        return
    for places, call in active_calls(work.root, state.root, []):
        node = places[-1].node
        if call.phase == "requested" and isinstance(node, CallNode):
            request(work, places, node, call)
    for key, preparation in state.preparations.items():
        if preparation.call is not None and preparation.call.phase == "requested":
            request_build(work, key, preparation.call)


def pending_requests(plan: Plan, state: RunState) -> list[AnyCommand]:
    """The requests of all calls in phase requested."""
    work = Work(program_of(plan), state, state.now)
    ask_again(work)
    return [
        RequestPlacement(demand=demand, items=tuple(items), terms=work.terms, rank=work.ranks.get(demand, 0))
        for demand, items in work.requests.items()
    ]


def pending_lookups(plan: Plan, state: RunState) -> list[AnyCommand]:
    """The questions of all calls in phase looking."""
    if state.root is None or state.ending is not None:
        return []
    work = Work(program_of(plan), state, state.now)
    calls = active_calls(work.root, state.root, [])
    items = tuple((work.instance(places), call.attempt) for places, call in calls if call.phase == "looking")
    return [LookUp(items=items)] if items else []


def unwanted(plan: Plan, state: RunState, items: Iterable[Item]) -> list[Item]:
    """Of attempts that the broker knows, those that the run has no use for: their release was lost.

    The state must be newer than what is known of the broker. An attempt that is over never comes back.
    """
    work = Work(program_of(plan), state, state.now)
    held = {item for chunk in state.chunks.values() for item in (*chunk.open, *chunk.lent)}
    return [item for item in items if item not in held and current(work, item) is None]
