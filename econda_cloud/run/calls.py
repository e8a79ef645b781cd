"""The life of a call: from its arguments to a request, through attempts, to success or a final failure."""

from __future__ import annotations

import heapq
import json
import math
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, Literal

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import Container, Entry, FailureKind, Foreach, Inline, Needs, Operator, Parameter, Retry, Task
from econda_edsl.plan.ranges import outside_range

from econda_cloud.run.backoff import backoff_ms
from econda_cloud.run.paths import environment_instance
from econda_cloud.run.ranks import FIRST, rank
from econda_cloud.run.reuse import may_reuse
from econda_cloud.run.state import Asked, Call, Group, Preparation, RunState, TimerKind
from econda_cloud.run.transitions import move
from econda_cloud.run.work import At, Work
from econda_cloud.wire.demand import Demand, rounded_ms
from econda_cloud.wire.entries import KEEPS_RANGES
from econda_cloud.wire.entries import Retry as RetryDecision

FREE_FAILURES: frozenset[FailureKind] = frozenset({"preempted", "lost"})
MAX_LOSSES = 20
"""Infrastructure failures of one call before it is given up: generous for spot, finite for a broken stack."""

LOST_WAIT_MS = 1_000
BUILD_MEMORY = 1024**3
BUILD_TIME_MS, BUILD_TIMEOUT_MS = 60_000, 15 * 60_000
BUILD_RETRY = Retry(attempts=3, first_ms=2_000)


def begin_call(work: Work, places: list[At], node: CallNode) -> None:
    """Evaluate a call's arguments and ask for its first attempt. Raises `EvaluationError`."""
    scope = work.scope(places)
    args = given(
        work.program.plan.tasks[node.task].inputs,
        {name: evaluate(expr, scope) for name, expr in node.args.items()},
        in_range=work.engine >= KEEPS_RANGES,
    )
    call = Call(task=node.task, args=args)
    places[-1].frame.active[places[-1].index] = call
    if may_reuse(work, places, node):
        work.state.looking[work.instance(places)] = Asked(call.attempt, work.state.seq)
    else:
        prepare(work, places, node, call)


def given(inputs: Mapping[str, Parameter], args: dict[str, Any], *, in_range: bool = True) -> dict[str, Any]:
    """The values of inputs: the arguments, and defaults for the others. Raises `EvaluationError`."""
    for name, parameter in inputs.items():
        if name not in args:
            if parameter.default is not None:
                args[name] = evaluate(parameter.default, args)
            elif parameter.type.endswith("?"):
                args[name] = None
        elif in_range and (outside := outside_range(parameter, args[name])):
            raise EvaluationError(f"`{name}` is {outside}")
    return args


def prepare(work: Work, places: list[At], node: CallNode, call: Call) -> None:
    """Ask for the call's first attempt, or wait for its environment. Raises `EvaluationError`."""
    key = work.program.plan.tasks[node.task].environment
    instance = work.instance(places)
    if key is not None and not _prepared(work, key):
        move(instance, call, "preparing", "its environment is not built")
        work.state.preparations[key].waiting.append(instance)
    else:
        make_ready(work, places, node, call)


def _prepared(work: Work, key: str) -> bool:
    preparation = work.state.preparations.setdefault(key, Preparation())
    if preparation.archive:
        return True
    if preparation.call is None:
        preparation.call = Call(task=f"environment:{key}", args={}, attempt=preparation.stopped + 1)
        request_build(work, key, preparation.call)
    return False


def make_ready(work: Work, places: list[At], node: CallNode, call: Call) -> None:
    """Put the call's current attempt where slots are given out. Raises `EvaluationError`."""
    demand, instance = demand_of(work, places, node, call), work.instance(places)
    move(instance, call, "ready", "it may be placed")
    _enter(work, instance, call, demand, rank(work, places, demand), _batch(places))


def request_build(work: Work, key: str, call: Call) -> None:
    instance = environment_instance(work.program.plan.name, key)
    move(instance, call, "ready", "the environment is to be built")
    demand = Demand(
        kind="environment",
        cpu_milli=1_000,
        memory=BUILD_MEMORY,
        time_ms=rounded_ms(BUILD_TIME_MS),
        timeout_ms=BUILD_TIMEOUT_MS,
    )
    _enter(work, instance, call, demand, FIRST, None)


def _enter(work: Work, instance: str, call: Call, demand: Demand, rank: int, batch: int | None) -> None:
    state, solo = work.state, call.losses > 0
    key = demand.key
    state.demands.setdefault(key, demand)
    call.group, call.chunk = f"{key} {call.task} {batch or 0} {int(solo)}", ""
    group = state.groups.get(call.group)
    if group is None:
        group = state.groups[call.group] = Group(demand=key, task=call.task, batch=batch, solo=solo)
    group.rank = max(group.rank, rank)
    group.items[instance] = call.attempt


def leave_group(work: Work, instance: str, call: Call) -> None:
    """Take an attempt that is placed, or not wanted any more, from where slots are given out."""
    group = work.state.groups.get(call.group)
    if group is not None:
        group.items.pop(instance, None)
        if not group.items:
            del work.state.groups[call.group]


def demand_of(work: Work, places: list[At], node: CallNode, call: Call) -> Demand:
    """What the call's current attempt needs. A step's own settings see its block, a task's see its inputs.

    Raises `EvaluationError`.
    """
    task = work.program.plan.tasks[node.task]
    needs, overrides = task.needs, node.overrides
    own = overrides.needs if overrides else {}
    scope = {**call.args, "attempt": call.attempt}

    def need(name: str) -> Any:
        if name in own:
            return evaluate(own[name], ChainMap({"attempt": call.attempt}, work.scope(places)))  # type: ignore[arg-type]
        expr = getattr(needs, name)
        return None if expr is None else evaluate(expr, scope)

    time = need("time")
    time = None if time is None else rounded_ms(time)
    timeout = overrides.timeout_ms if overrides and overrides.timeout_ms is not None else task.timeout_ms
    own_checkpoint = overrides is not None and (overrides.checkpoint_ms or overrides.checkpoint_bytes)
    checkpoint = own_checkpoint or task.checkpoint_ms or task.checkpoint_bytes
    return Demand(
        # A policy may ask for the task's name.
        task=node.task if work.program.plan.policy is not None else "",
        kind=_kind(task),
        cpu_milli=_positive("cpu", math.ceil(need("cpu") * 1000)),
        memory=_positive("memory", need("memory")),
        disk=need("disk"),
        gpu=need("gpu"),
        gpu_kinds=tuple(own["gpu_kinds"]["lit"]) if "gpu_kinds" in own else needs.gpu_kinds,
        time_ms=time,
        timeout_ms=timeout,
        checkpoints=bool(checkpoint),
        image=_image(task),
        where=_bound_predicates(needs, scope),
    )


def _kind(task: Task) -> Literal["python", "shell", "r", "julia", "container"]:
    """What has to be there for the task to execute; operators of packages are Python."""
    match task.run:
        case Container():
            return "container"
        case Operator():
            return "python"
        case Inline(language=language) | Entry(language=language):
            return language


def _positive(name: str, value: int) -> int:
    if value <= 0:
        raise EvaluationError(f"`{name}` needs to be more than nothing, but came out as {value}")
    return value


def _batch(places: list[At]) -> int | None:
    """How many members of the nearest fan its `batch` setting puts into one chunk."""
    return next((at.node.batch for at in reversed(places) if isinstance(at.node, Foreach)), None)


def _image(task: Task) -> str | None:
    return task.run.image if isinstance(task.run, Container) else task.image


def _bound_predicates(needs: Needs, scope: dict[str, Any]) -> tuple[str, ...]:
    """The task's `where` lines with its inputs filled in, so that a broker can evaluate them over `node` alone."""
    return tuple(json.dumps(_fill(expr, scope), sort_keys=True) for expr in needs.where)


def _fill(expr: Any, scope: dict[str, Any]) -> Any:
    if isinstance(expr, dict):
        name = expr.get("var")
        if isinstance(name, str) and name in scope:
            return {"lit": scope[name]}
        return {key: _fill(value, scope) for key, value in expr.items()} if "lit" not in expr else expr
    return [_fill(value, scope) for value in expr] if isinstance(expr, list | tuple) else expr


def retry_of(work: Work, node: CallNode) -> Retry:
    if node.overrides and node.overrides.retry is not None:
        return node.overrides.retry
    return work.program.plan.tasks[node.task].retry


def try_again(work: Work, instance: str, call: Call, retry: Retry, failure: FailureKind, message: str) -> str:
    """What becomes of a call after a failure: another attempt (an empty text), or why there is none.

    Preemptions and losses cost no retry. A retry waits in phase backing_off until its timer is due.
    """
    state, free = work.state, failure in FREE_FAILURES
    final = f"{instance} (attempt {call.attempt}) {failure.replace('_', ' ')}: {message}"
    chosen = work.choices.make(RetryDecision, lambda: _retry(state, instance, call, retry, failure, final))
    if free:
        call.losses += 1
    else:
        call.tries += 1
    if chosen.wait_ms is None:
        return chosen.message
    state.counts.preempted += failure == "preempted"
    state.counts.retried += not free
    call.attempt += 1
    move(instance, call, "backing_off", f"its attempt {failure}")
    call.chunk, call.due_ms = "", work.now + chosen.wait_ms
    heapq.heappush(state.timers, (call.due_ms, TimerKind.BACK_OFF, instance, call.attempt))
    return ""


def _retry(state: RunState, instance: str, call: Call, retry: Retry, failure: FailureKind, final: str) -> RetryDecision:
    if failure in FREE_FAILURES:
        losses = call.losses + 1
        if losses > MAX_LOSSES:
            return RetryDecision(None, final)
        return RetryDecision(0 if failure == "preempted" else LOST_WAIT_MS * losses)
    tries = call.tries + 1
    if tries >= retry.attempts or (retry.on and failure not in retry.on):
        return RetryDecision(None, final)
    return RetryDecision(backoff_ms(retry, tries, state.seed, instance))
