"""The steps of a plan that come after a step: what has to run again if it does."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.plan import AnyNode, Call, Foreach, Plan, Repeat, Subpipeline, When

from econda_cloud.run.paths import step_path


def steps_from(plan: Plan, name: str) -> list[str]:
    """Paths of the calls that `name` means, and of all that wait for them, directly or not. Empty if there is none.

    `name` is an instance, a step (`sweep/trials/tried` or its last part), a loop, a branch or a pipeline called as a
    step, or a task or a pipeline by its own name. In a loop, what comes after a
    step is the rest of its round; later rounds run again where what they are given has changed.
    """
    wanted = step_path(name)
    first = {
        path for path, called in _nodes(plan.body, plan.name) if wanted in (path, called) or path.endswith(f"/{wanted}")
    }
    return sorted(_after(plan.body, plan.name, first))


def steps_of(plan: Plan) -> list[str]:
    """Paths of all calls of the pipeline, handlers' left out."""
    return [path for path, _ in _calls(plan.body, plan.name)]


def tasks_of(plan: Plan) -> dict[str, str]:
    """Which task each step calls, by the step's path; handlers' left out."""
    return {path: call.task for path, call in _calls(plan.body, plan.name)}


def _inner(node: AnyNode) -> Iterator[tuple[AnyNode, ...]]:
    match node:
        case Foreach(body=body) | Repeat(body=body) | Subpipeline(body=body):
            yield body
        case When(arms=arms):
            for arm in arms:
                yield arm.body
        case _:
            pass


def _calls(body: tuple[AnyNode, ...], above: str) -> Iterator[tuple[str, Call]]:
    for node in body:
        path = f"{above}/{node.id}"
        if isinstance(node, Call):
            yield path, node
        for inner in _inner(node):
            yield from _calls(inner, path)


def _nodes(body: tuple[AnyNode, ...], above: str) -> Iterator[tuple[str, str]]:
    """Every node by its path, with the task or the pipeline that it calls."""
    for node in body:
        path = f"{above}/{node.id}"
        match node:
            case Call(task=called) | Subpipeline(pipeline=called):
                yield path, called
            case _:
                yield path, ""
        for inner in _inner(node):
            yield from _nodes(inner, path)


def _after(body: tuple[AnyNode, ...], above: str, first: set[str]) -> set[str]:
    """Of the calls in a block, those in `first` and those after them. Nodes stand in any order, so until no more come."""
    found, touched = set[str](), set[str]()
    for node in body:
        path = f"{above}/{node.id}"
        if path in first:
            inside = {below for below, _ in _calls((node,), above)}
        else:
            inside = set[str]()
        for inner in _inner(node):
            inside |= _after(inner, path, first)
        if inside:
            found |= inside
            touched.add(node.id)
    grown = True
    while grown:
        grown = False
        for node in body:
            if node.id not in touched and touched.intersection(node.waits):
                touched.add(node.id)
                found |= {path for path, _ in _calls((node,), above)}
                grown = True
    return found
