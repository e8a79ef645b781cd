"""How long a run is expected to go on after an attempt has begun: the longest chain of what waits for it.

The upward rank of HEFT (Topcuoglu, Hariri and Wu 2002), in milliseconds, as far as the plan and the parameters tell:
what only a result can tell counts as what is not declared.
"""

from __future__ import annotations

import contextlib
from typing import Any

from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.plan import AnyNode, Call, Expr, Foreach, Repeat, Subpipeline, Task, When

from econda_cloud.run.blocks import Block, Program
from econda_cloud.run.work import At, Work
from econda_cloud.wire.demand import UNKNOWN_TIME_MS, Demand, expected_time_ms

FIRST = 1 << 50
"""The rank of what everything waits for."""


def rank(work: Work, places: list[At], demand: Demand) -> int:
    """The rank of a call that asks for a place now."""
    return expected_time_ms(demand) + sum(_tails(work, at.block)[at.index] for at in places)


def _tails(work: Work, block: Block) -> list[int]:
    """By node, the longest chain of those behind it; remembered, because it is the same for the whole run."""
    known = work.program.tails(work.state.run)
    if id(block) not in known:
        _measure(work.program, block, work.base, known)
    return known[id(block)]


def _measure(program: Program, block: Block, scope: dict[str, Any], known: dict[int, list[int]]) -> int:
    """Note the tails of a block; returns the longest chain through it."""
    times = [_time(program, block, index, node, scope, known) for index, node in enumerate(block.nodes)]
    tails = [0] * len(block.nodes)
    for index in reversed(block.order):
        tails[index] = max((times[i] + tails[i] for i in block.dependents[index]), default=0)
    known[id(block)] = tails
    return max((times[i] + tails[i] for i in block.roots), default=0)


def _time(
    program: Program, block: Block, index: int, node: AnyNode, scope: dict[str, Any], known: dict[int, list[int]]
) -> int:
    match node:
        case Call():
            return _call_time(node, program.plan.tasks[node.task], scope)
        case Subpipeline(args=args):
            return _measure(program, block.inner[index][0], _known(args, scope), known)
        case Foreach() | Repeat() | When():
            return max((_measure(program, inner, scope, known) for inner in block.inner[index]), default=0)
        case _:
            return 0


def _known(args: dict[str, Expr], scope: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments that can be told already: all that a pipeline sees of what is around it."""
    found = {}
    for name, expr in args.items():
        with contextlib.suppress(EvaluationError):
            found[name] = evaluate(expr, scope)
    return found


def _call_time(node: Call, task: Task, scope: dict[str, Any]) -> int:
    own = node.overrides.needs.get("time") if node.overrides else None
    try:
        if own is not None:
            return int(evaluate(own, {"attempt": 1, **scope}))
        if task.needs.time is None:
            return UNKNOWN_TIME_MS
        names = _names(task.needs.time)
        args = {name: evaluate(expr, scope) for name, expr in node.args.items() if name in names}
        return int(evaluate(task.needs.time, {"attempt": 1, **args}))
    except EvaluationError:
        return UNKNOWN_TIME_MS


def _names(expr: Expr) -> set[str]:
    """The variables of an expression, and perhaps some words that are none."""
    if isinstance(expr, dict):
        return {expr["var"]} if list(expr) == ["var"] else {name for part in expr.values() for name in _names(part)}
    return {name for part in expr for name in _names(part)} if isinstance(expr, list | tuple) else set()
