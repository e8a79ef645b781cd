"""Nodes of a plan, looked at: their labels and the blocks inside them."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.plan.model import AnyNode, Assert, Call, Fail, Foreach, Repeat, Subpipeline, Value, When


def label_of(node: AnyNode) -> str:
    """What a node is, in a few words."""
    match node:
        case Call(id=id_, task=task):
            return id_ if id_ == task else f"{id_} = {task}"
        case Subpipeline(id=id_, pipeline=pipeline):
            return f"{id_}: pipeline {pipeline}"
        case Foreach(id=id_, over=over):
            return f"{id_}: foreach {', '.join(name for name, _ in over)}"
        case Repeat(carry=carry):
            return "repeat " + ", ".join(c.name for c in carry)
        case When(id=id_, binds=binds):
            return f"{id_}: {', '.join(binds)}" if binds else id_
        case Value() | Assert() | Fail():
            return node.id


def blocks_of(node: AnyNode) -> Iterator[tuple[str, tuple[AnyNode, ...]]]:
    """The blocks inside a node with a title each."""
    match node:
        case Foreach(body=body) | Repeat(body=body) | Subpipeline(body=body):
            yield "", body
        case When(arms=arms):
            for i, arm in enumerate(arms):
                yield ("else" if arm.test is None else "when" if i == 0 else "else when"), arm.body
        case _:
            pass


def all_nodes(body: tuple[AnyNode, ...]) -> Iterator[AnyNode]:
    """Every node of a body, those of the blocks inside it after their own."""
    for node in body:
        yield node
        for _, block in blocks_of(node):
            yield from all_nodes(block)
