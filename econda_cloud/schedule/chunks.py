"""What a worker is handed, put together from the run's state when a chunk is dispatched."""

from __future__ import annotations

from collections.abc import Sequence

from econda_edsl.evaluate import evaluate
from econda_edsl.plan import Call as CallNode
from econda_edsl.plan import Container, Overrides, Plan

from econda_cloud.run.blocks import program_of
from econda_cloud.run.calls import BUILD_TIMEOUT_MS
from econda_cloud.run.endings import current
from econda_cloud.run.paths import environment_key
from econda_cloud.run.state import Call, RunState
from econda_cloud.run.work import Work
from econda_cloud.wire.chunk import Build, Chunk, StateField, WorkItem, WorkTask
from econda_cloud.wire.commands import Dispatch


def chunk_of(plan: Plan, state: RunState, dispatch: Dispatch) -> Chunk | None:
    """The chunk to send, or None if none of its attempts is wanted any more. Raises `EvaluationError`."""
    work = Work(program_of(plan), state, state.now)
    wanted = [(item, found) for item in dispatch.items if (found := current(work, item)) is not None]
    calls = [(item, places[-1].node, call) for item, (places, call) in wanted if places]
    # What is placed together is calls of one task or the building of one environment.
    if calls:
        own = [node.overrides for _, node, _ in calls if isinstance(node, CallNode)]
        task = _work_task(plan, state, dispatch, calls[-1][2].task, own)
        items = [_item(plan, item[0], call) for item, _, call in calls]
    elif wanted:
        task = _build_task(plan, environment_key(wanted[-1][0][0]) or "")
        items = [WorkItem(instance=instance, attempt=attempt) for (instance, attempt), _ in wanted]
    else:
        return None
    environment = plan.tasks[task.name].environment if calls else None
    preparation = state.preparations.get(environment or "")
    return Chunk(
        id=dispatch.chunk,
        run=state.run,
        namespace=state.namespace,
        task=task,
        items=tuple(items),
        archive=preparation.archive if preparation else None,
        bundle=state.bundle if calls else None,
    )


def _work_task(plan: Plan, state: RunState, dispatch: Dispatch, name: str, own: Sequence[Overrides | None]) -> WorkTask:
    """A task with the settings of its steps in place of its own.

    Steps dispatched together have one timeout, which is in their demand; of their checkpoint intervals the shortest
    serves all.
    """
    task, held = plan.tasks[name], state.chunks.get(dispatch.chunk)
    timeouts = [each.timeout_ms if each and each.timeout_ms is not None else task.timeout_ms for each in own]
    checkpoints = [
        each.checkpoint_ms if each and each.checkpoint_ms is not None else task.checkpoint_ms for each in own
    ]
    sizes = [
        each.checkpoint_bytes if each and each.checkpoint_bytes is not None else task.checkpoint_bytes for each in own
    ]
    keeps = {
        name: StateField(type=kept.type, start=None if kept.default is None else evaluate(kept.default, {}))
        for name, kept in task.state.items()
    }
    return WorkTask(
        name=name,
        run=task.run,
        inputs={name: parameter.type for name, parameter in task.inputs.items()},
        outputs=dict(task.outputs),
        timeout_ms=_shortest(timeouts),
        checkpoint_ms=_shortest(checkpoints),
        checkpoint_bytes=_shortest(sizes),
        state=keeps,
        memory=held.memory if held else 0,
        image=task.image,
        types=plan.types,
        own_process=task.own_process,
    )


def _shortest(times: Sequence[int | None]) -> int | None:
    return min((each for each in times if each is not None), default=None)


def _build_task(plan: Plan, key: str) -> WorkTask:
    environment = plan.environments[key]
    return WorkTask(
        name=f"environment:{key}",
        run=Build(key=key, packages=environment.packages, pins=environment.pins),
        outputs={"archive": "String"},
        timeout_ms=BUILD_TIMEOUT_MS,
    )


def _item(plan: Plan, instance: str, call: Call) -> WorkItem:
    task = plan.tasks[call.task]
    scope = {**call.args, "attempt": call.attempt}
    secrets = {name: expr["secret"] for name, expr in task.env.items() if "secret" in expr}
    env = {name: str(evaluate(expr, scope)) for name, expr in task.env.items() if name not in secrets}
    key = "" if task.exclusive is None else str(evaluate(task.exclusive, scope))
    argv = tuple(evaluate(expr, scope) for expr in task.run.args) if isinstance(task.run, Container) else ()
    return WorkItem(
        instance=instance, attempt=call.attempt, args=call.args, env=env, argv=argv, secrets=secrets, key=key
    )
