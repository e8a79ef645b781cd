"""What a worker is handed, put together from the run's state when a chunk is dispatched."""

from __future__ import annotations

from econda_edsl.evaluate import evaluate
from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import Container, Plan

from econda_cloud.run.blocks import program_of
from econda_cloud.run.commands import Dispatch
from econda_cloud.run.endings import current
from econda_cloud.run.state import Call, RunState
from econda_cloud.run.work import Work
from econda_cloud.worker.spec import Chunk, WorkItem, WorkTask


def chunk_of(plan: Plan, state: RunState, dispatch: Dispatch) -> Chunk | None:
    """The chunk to send, or None if none of its attempts is wanted any more. Raises `EvaluationError`."""
    work = Work(program_of(plan), state, state.now)
    items, found_task, timeout = [], "", None
    for item in dispatch.items:
        found = current(work, item)
        if found is None or not found[0]:
            continue
        places, call = found
        node = places[-1].node
        assert isinstance(node, CallNode)
        found_task = call.task
        timeout = plan.tasks[call.task].timeout_ms
        if node.overrides and node.overrides.timeout_ms is not None:
            timeout = node.overrides.timeout_ms
        items.append(_item(plan, item[0], call))
    if not items:
        return None
    task = plan.tasks[found_task]
    held = state.chunks.get(dispatch.chunk)
    preparation = state.preparations.get(task.environment or "")
    return Chunk(
        id=dispatch.chunk,
        run=state.run,
        namespace=state.namespace,
        task=WorkTask(
            name=found_task,
            run=task.run,
            inputs={name: parameter.type for name, parameter in task.inputs.items()},
            outputs=dict(task.outputs),
            timeout_ms=timeout,
            memory=held.memory if held else 0,
            types=plan.types,
        ),
        items=tuple(items),
        archive=preparation.archive if preparation else None,
        bundle=state.bundle,
    )


def _item(plan: Plan, instance: str, call: Call) -> WorkItem:
    task = plan.tasks[call.task]
    scope = {**call.args, "attempt": call.attempt}
    env = {name: str(evaluate(expr, scope)) for name, expr in task.env.items()}
    argv = tuple(evaluate(expr, scope) for expr in task.run.args) if isinstance(task.run, Container) else ()
    return WorkItem(instance=instance, attempt=call.attempt, args=call.args, env=env, argv=argv)
