"""A plan indexed for execution: per block, who waits for whom. Derived from the plan, never stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from econda_edsl.plan import AnyNode, Call, Foreach, Plan, Repeat, Subpipeline, When

from econda_cloud.run.fingerprints import Causes, task_causes

RUNS_KNOWN = 512
PROGRAMS_KNOWN = 1_024
"""Indexed plans that are remembered: more than the runs that a scheduler keeps warm."""


@dataclass(frozen=True)
class Block:
    """Nodes of one block and their order.

    waits[i]: how many nodes i waits for; dependents[i]: indices that wait for i; roots: indices that wait for none;
    order: indices, each after those that it waits for; inner[i]: the blocks inside node i (arms of a `when`, body of a
    loop or of a pipeline).
    """

    nodes: tuple[AnyNode, ...]
    index: dict[str, int]
    waits: list[int]
    dependents: list[list[int]]
    roots: list[int]
    order: list[int]
    inner: dict[int, list[Block]] = field(default_factory=dict)


def index_block(nodes: tuple[AnyNode, ...]) -> Block:
    index = {node.id: i for i, node in enumerate(nodes)}
    dependents: list[list[int]] = [[] for _ in nodes]
    for i, node in enumerate(nodes):
        for name in set(node.waits):
            dependents[index[name]].append(i)
    waits = [len(set(node.waits)) for node in nodes]
    inner: dict[int, list[Block]] = {}
    for i, node in enumerate(nodes):
        match node:
            case Foreach(body=body) | Repeat(body=body) | Subpipeline(body=body):
                inner[i] = [index_block(body)]
            case When(arms=arms):
                inner[i] = [index_block(arm.body) for arm in arms]
            case _:
                pass
    roots = [i for i, n in enumerate(waits) if n == 0]
    return Block(nodes, index, waits, dependents, roots, _ordered(roots, waits, dependents), inner)


def _ordered(roots: list[int], waits: list[int], dependents: list[list[int]]) -> list[int]:
    """Kahn's order; the list grows while it is gone through."""
    order, left = list(roots), list(waits)
    for index in order:
        for after in dependents[index]:
            left[after] -= 1
            if not left[after]:
                order.append(after)
    return order


def call_ids(block: Block) -> list[str]:
    """Names of the calls in a block, nested ones by their path below it."""
    found = []
    for i, node in enumerate(block.nodes):
        if isinstance(node, Call):
            found.append(node.id)
        for below in block.inner.get(i, ()):
            found += [f"{node.id}/{name}" for name in call_ids(below)]
    return found


@dataclass(frozen=True)
class Program:
    """A plan and its index."""

    plan: Plan
    root: Block
    handlers: dict[str, Block]
    _causes: dict[str, Causes] = field(default_factory=dict)
    _tails: dict[str, dict[int, list[int]]] = field(default_factory=dict)

    def block(self, handler: str) -> Block:
        """The block of a handler, of the pipeline itself for an empty name."""
        return self.handlers[handler] if handler else self.root

    def tails(self, run: str) -> dict[int, list[int]]:
        """What is known of the chains behind the nodes of each block (by `id`), for the parameters of a run."""
        while len(self._tails) > RUNS_KNOWN:
            del self._tails[next(iter(self._tails))]
        return self._tails.setdefault(run, {})

    def causes(self, task: str) -> Causes:
        """What the results of all calls of a task depend on."""
        if task not in self._causes:
            self._causes[task] = task_causes(self.plan, self.plan.tasks[task])
        return self._causes[task]


@lru_cache(maxsize=PROGRAMS_KNOWN)
def _program(plan: _Hashed) -> Program:
    handlers = {name: index_block(body) for name, body in plan.plan.handlers.items()}
    return Program(plan.plan, index_block(plan.plan.body), handlers)


class _Hashed:
    """A plan that is known by its digest: each run decodes its own copy, and plans hold dicts, which do not hash."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __hash__(self) -> int:
        return hash(self.plan.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and _identity(other.plan) == _identity(self.plan)


def _identity(plan: Plan) -> tuple[object, ...]:
    """What a program is made of. The digest of a plan knows neither its pins nor the files that nothing reaches."""
    return plan.digest, plan.code, plan.environments


def program_of(plan: Plan) -> Program:
    """The indexed form of a plan, remembered."""
    return _program(_Hashed(plan))
