"""Expansion: starting the nodes of frames, and what follows when one is done or has failed."""

from __future__ import annotations

import math
from typing import Any

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.plan import Assert, Call, Fail, Foreach, Repeat, Subpipeline, Value, When

from econda_cloud.run.blocks import Block, call_ids
from econda_cloud.run.calls import begin_call, given
from econda_cloud.run.shares import begin_share, end_share
from econda_cloud.run.state import Branch, Fan, Frame, Loop, Member, NodeStatus
from econda_cloud.run.state import Call as CallState
from econda_cloud.run.stopping import begin_ending, stop_frame
from econda_cloud.run.work import At, Work
from econda_cloud.wire.entries import SAYS_BRANCHES, Begun
from econda_cloud.wire.outcome import Outcome

WINDOW = 4_096
"""Members of all fans of a run at work at once; more begin as these end."""

FAN_MOST = 10_000_000
"""Elements of one fan: a byte each, in memory and in each snapshot."""

SKIPPED_KEPT = 1_000
EMPTY = -1
"""Stands for the index of a node where a block has none and its frame is done at once."""


def new_frame(block: Block, scope: dict[str, Any]) -> Frame:
    return Frame(scope=scope, status=[0] * len(block.nodes), pending=list(block.waits), open=len(block.nodes))


def start_root(work: Work) -> None:
    """Begin the pipeline, or the handler that is due; `drain` goes on from there."""
    root = new_frame(work.root, {})
    work.state.root, work.state.live = root, 0
    _enter(work, [], work.root, root)


def drain(work: Work) -> None:
    """Start what became runnable until nothing is left. A worklist, because plans may be longer than the stack."""
    while work.queue and work.state.ending is None and work.state.outcome is None:
        places = work.queue.popleft()
        try:
            _start(work, places)
        except EvaluationError as error:
            fail_node(work, places, f"{work.instance(places)}: {error}")
    work.queue.clear()


def _enter(work: Work, above: list[At], block: Block, frame: Frame) -> None:
    for index in block.roots:
        work.queue.append([*above, At(block, frame, index)])
    if not block.nodes:
        work.queue.append([*above, At(block, frame, EMPTY)])


def _start(work: Work, places: list[At]) -> None:
    at = places[-1]
    if at.index == EMPTY:
        _leave(work, places[:-1], at.frame)
        return
    if at.frame.status[at.index] != NodeStatus.WAITING:
        return
    at.frame.status[at.index] = NodeStatus.ACTIVE
    node, scope = at.node, work.scope(places)
    match node:
        case Call():
            begin_call(work, places, node)
        case Value():
            finish_node(work, places, {node.id: evaluate(node.expr, scope)})
        case Assert():
            if evaluate(node.expr, scope) is not True:
                text = evaluate(node.message, scope) if node.message is not None else "assertion does not hold"
                raise EvaluationError(str(text))
            finish_node(work, places, {})
        case Fail():
            raise EvaluationError(str(evaluate(node.message, scope)))
        case When():
            _start_when(work, places, node)
        case Foreach():
            _start_fan(work, places, node)
        case Subpipeline():
            _start_pipeline(work, places, node)
        case Repeat():
            up_to = evaluate(node.up_to, scope)
            if up_to < 1:
                raise EvaluationError(f"`repeat up to {up_to}` allows no round")
            _start_round(work, places, 1, up_to, {carry.name: evaluate(carry.start, scope) for carry in node.carry})


def _start_when(work: Work, places: list[At], node: When) -> None:
    at, scope = places[-1], work.scope(places)
    taken: int | None = None
    left: list[int] = []
    for number, arm in enumerate(node.arms):
        if taken is None and (arm.test is None or evaluate(arm.test, scope) is True):
            taken = number
        elif work.engine < SAYS_BRANCHES:
            _skip(work, places, at.block.inner[at.index][number], "its branch was not taken")
        else:
            left.append(number)
    for number in left:
        _skip(work, places, at.block.inner[at.index][number], _not_taken(node, number, taken))
    if taken is None:
        finish_node(work, places, {})
        return
    block = at.block.inner[at.index][taken]
    frame = new_frame(block, {})
    at.frame.active[at.index] = Branch(arm=taken, frame=frame)
    _enter(work, places, block, frame)


def _start_pipeline(work: Work, places: list[At], node: Subpipeline) -> None:
    at, scope = places[-1], work.scope(places)
    block = at.block.inner[at.index][0]
    frame = new_frame(block, given(node.params, {name: evaluate(expr, scope) for name, expr in node.args.items()}))
    at.frame.active[at.index] = Branch(arm=0, frame=frame)
    begin_share(work, places, node)
    _enter(work, places, block, frame)


def _not_taken(node: When, number: int, taken: int | None) -> str:
    """Which branch it was, and which one was taken."""
    if taken is None:
        instead = "none was"
    else:
        instead = f"branch {taken + 1}{', its `else`,' if node.arms[taken].test is None else ''} was"
    here = f"branch {number + 1} of {len(node.arms)} of the `when` on line {node.span[0]}"
    return f"{here} was not taken, {instead}"


def _skip(work: Work, places: list[At], block: Block, reason: str) -> None:
    state, above = work.state, work.instance(places)
    for name in call_ids(block):
        state.counts.skipped += 1
        if len(state.skipped) < SKIPPED_KEPT:
            state.skipped[f"{above}/{name}"] = reason


def _start_fan(work: Work, places: list[At], node: Foreach) -> None:
    at, scope = places[-1], work.scope(places)
    axes = [list(evaluate(expr, scope)) for _, expr in node.over]
    total = math.prod(len(axis) for axis in axes)
    if node.up_to is not None and total > (bound := evaluate(node.up_to, scope)):
        raise EvaluationError(f"{total} elements exceed `up to {bound}`; nothing of this fan was started")
    if total > FAN_MOST:
        raise EvaluationError(f"{total:,} elements are more than a fan may have ({FAN_MOST:,})")
    fan = Fan(axes=axes, total=total, members=bytearray(total), results={}, errors={})
    at.frame.active[at.index] = fan
    _feed(work, places, node, fan)
    _close_fan(work, places, node, fan)


def _feed(work: Work, places: list[At], node: Foreach, fan: Fan) -> None:
    """Begin members, as many as the fan allows and the run has room for."""
    at, state = places[-1], work.state
    # Whether anything is to be decided must not depend on what a later version may set otherwise.
    room = min(fan.total - fan.next, (node.parallel or fan.total) - len(fan.frames))
    if room <= 0:
        return
    # One of each fan may always begin, or nested ones would wait for each other.
    least = 0 if fan.frames else 1
    begun = work.choices.make(Begun, lambda: Begun(min(room, max(least, WINDOW - state.live)))).members
    block = at.block.inner[at.index][0]
    for member in range(fan.next, fan.next + begun):
        frame = new_frame(block, _loop_values(node, fan, member))
        fan.frames[member] = frame
        fan.members[member] = Member.ACTIVE
        _enter(work, [*places[:-1], at._replace(member=member)], block, frame)
    fan.next += begun
    state.live += begun


def _loop_values(node: Foreach, fan: Fan, member: int) -> dict[str, Any]:
    values, rest = {}, member
    for (name, _), axis in zip(reversed(node.over), reversed(fan.axes), strict=True):
        rest, position = divmod(rest, len(axis))
        values[name] = axis[position]
    return values


def _start_round(work: Work, places: list[At], number: int, up_to: int, carried: dict[str, Any]) -> None:
    at = places[-1]
    block = at.block.inner[at.index][0]
    frame = new_frame(block, carried)
    at.frame.active[at.index] = Loop(round=number, up_to=up_to, frame=frame)
    _enter(work, [*places[:-1], at._replace(member=number)], block, frame)


def finish_node(work: Work, places: list[At], bindings: dict[str, Any]) -> None:
    """A node is done and binds these names: start what waited for it, or leave its frame if it was the last."""
    at = places[-1]
    frame = at.frame
    if work.state.leading and (instance := work.instance(places)) in work.state.leading:
        work.over.append((instance, bindings[at.node.id]))
    frame.scope.update(bindings)
    frame.status[at.index] = NodeStatus.DONE
    frame.active.pop(at.index, None)
    frame.open -= 1
    for index in at.block.dependents[at.index]:
        frame.pending[index] -= 1
        if frame.pending[index] == 0:
            work.queue.append([*places[:-1], At(at.block, frame, index)])
    if frame.open == 0:
        _leave(work, places[:-1], frame)


def _leave(work: Work, above: list[At], frame: Frame) -> None:
    """All nodes of a frame are done: hand its result to the node it stands in."""
    if not above:
        _succeed(work)
        return
    try:
        _hand_up(work, above, frame)
    except EvaluationError as error:
        fail_node(work, above, f"{work.instance(above)}: {error}")


def _hand_up(work: Work, above: list[At], frame: Frame) -> None:
    at = above[-1]
    node, active = at.node, at.frame.active[at.index]
    match node, active:
        case When(), Branch():
            finish_node(work, above, {name: frame.scope[name] for name in node.binds if name in frame.scope})
        case Subpipeline(), Branch():
            end_share(work, above)
            inner = work.scope([*above, At(at.block.inner[at.index][0], frame, 0)])
            finish_node(work, above, {node.id: {name: evaluate(expr, inner) for name, expr in node.returns.items()}})
        case Repeat(), Loop():
            _end_round(work, above, node, active)
        case Foreach(), Fan():
            member = at.member if at.member is not None else -1
            _end_member(work, above, node, active, member, frame)
        case _:
            raise AssertionError(f"{work.instance(above)}: a {type(active).__name__} in a {type(node).__name__}")


def _end_round(work: Work, places: list[At], node: Repeat, loop: Loop) -> None:
    at = places[-1]
    inner = At(at.block.inner[at.index][0], loop.frame, 0)
    scope = work.scope([*places, inner])
    following = {name: evaluate(expr, scope) for name, expr in node.next.items()}
    carried = {**{carry.name: loop.frame.scope[carry.name] for carry in node.carry}, **following}
    if evaluate(node.until, scope) is True:
        finish_node(work, places, carried)
    elif loop.round < loop.up_to:
        _start_round(work, places, loop.round + 1, loop.up_to, carried)
    elif node.fail_message is not None:
        raise EvaluationError(str(evaluate(node.fail_message, scope)))
    else:
        finish_node(work, places, carried)


def _end_member(work: Work, places: list[At], node: Foreach, fan: Fan, member: int, frame: Frame) -> None:
    at = places[-1]
    if node.gather is not None:
        inner = At(at.block.inner[at.index][0], frame, 0)
        fan.results[member] = evaluate(node.gather, work.scope([*places, inner]))
    fan.members[member] = Member.DONE
    fan.done += 1
    del fan.frames[member]
    work.state.live -= 1
    _feed(work, places, node, fan)
    _close_fan(work, places, node, fan)


def _close_fan(work: Work, places: list[At], node: Foreach, fan: Fan) -> None:
    """Bind the fan's value once every member has ended."""
    if fan.done + len(fan.errors) < fan.total:
        return
    if places[-1].frame.status[places[-1].index] == NodeStatus.DONE:
        return
    done = [fan.results.get(i) for i in range(fan.total) if fan.members[i] == Member.DONE]
    failed = [{"index": i, "error": fan.errors[i]} for i in sorted(fan.errors)]
    value = {"done": done, "failed": failed, "all": [fan.results.get(i) for i in range(fan.total)]}
    finish_node(work, places, {node.id: value})


def fail_node(work: Work, places: list[At], message: str) -> None:
    """A node has failed for good: a fan above it may tolerate that; otherwise the run fails."""
    work.state.errors = [*work.state.errors, message][:20]
    _leave_off(places[-1])
    if work.state.leading and (instance := work.instance(places)) in work.state.leading:
        work.over.append((instance, None))
    while places:
        at = places[-1]
        node, active = at.node, at.frame.active.get(at.index)
        if isinstance(node, Foreach) and isinstance(active, Fan) and at.member in active.frames:
            if _tolerated(work, places, node, active, message):
                return
            message = (
                f"{work.instance(places)}: {len(active.errors)} of {active.total} members failed; first: {message}"
            )
        places = places[:-1]
    begin_ending(work, Outcome(state="failed", error=message))


def _leave_off(at: At) -> None:
    """A call that has failed is over: whoever stops what is beside it would wait for its answer."""
    if isinstance(at.frame.active.get(at.index), CallState):
        del at.frame.active[at.index]


def _tolerated(work: Work, places: list[At], node: Foreach, fan: Fan, message: str) -> bool:
    member = places[-1].member
    if member is None:
        return False
    stop_frame(
        work, work.instance(places) + f"[{member}]", places[-1].block.inner[places[-1].index][0], fan.frames.pop(member)
    )
    work.state.live -= 1
    fan.members[member] = Member.FAILED
    fan.errors[member] = message
    if len(fan.errors) > math.floor(node.tolerate * fan.total):
        return False
    _feed(work, places, node, fan)
    _close_fan(work, places, node, fan)
    return True


def _succeed(work: Work) -> None:
    if work.state.handling:
        begin_ending(work, Outcome(state="succeeded"))
        return
    scope = {**work.base, **(work.state.root.scope if work.state.root else {})}
    try:
        outputs = {name: evaluate(expr, scope) for name, expr in work.program.plan.returns.items()}
    except EvaluationError as error:
        begin_ending(work, Outcome(state="failed", error=f"{work.program.plan.name}: {error}"))
        return
    begin_ending(work, Outcome(state="succeeded", outputs=outputs))
