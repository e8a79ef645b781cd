"""Cycles refused, and an order in which every step comes after what it needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.resolve.scopes import Names
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.diagnostics import Diagnostic, Span

K = TypeVar("K", bound=Hashable)


def order_blocks(names: Names) -> tuple[dict[s.Block, tuple[s.Step, ...]], list[Diagnostic]]:
    """For each block its steps sorted by need; a cycle is one diagnostic that names every member."""
    diagnostics: list[Diagnostic] = []
    ordered: dict[s.Block, tuple[s.Step, ...]] = {}
    for block, info in names.blocks.items():
        steps, cycles = sort_by_need(block.steps, info.waits)
        ordered[block] = tuple(steps)
        for cycle in cycles:
            edges = [info.waits[a][b] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
            help_ = "feed a result back with `repeat … carry` instead"
            diagnostics.append(_draw("these steps wait for each other", edges, help_))
    return ordered, diagnostics


def order_lets(tables: Tables, names: Names) -> tuple[list[str], list[Diagnostic]]:
    """Constants and functions in an order in which each comes after those it needs."""
    declared = [*tables.lets, *tables.pure_functions]
    needs = {name: names.lets.get(name, {}) for name in declared}
    ordered, cycles = sort_by_need(declared, needs)
    found = []
    for cycle in cycles:
        edges = [(a, b, needs[a][b]) for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
        if any(name in tables.pure_functions for name in cycle):
            message = "this function calls itself" if len(cycle) == 1 else "these functions need each other"
            found.append(
                _draw(message, edges, "a function is written out where it is called; what repeats is a `repeat`")
            )
        else:
            found.append(_draw("these constants define each other", edges, "give one of them a value of its own"))
    return ordered, found


def _draw(message: str, edges: list[tuple[str, str, Span]], help_: str) -> Diagnostic:
    first, *rest = edges
    path = [mine for mine, _, _ in edges]
    notes = [f"cycle: {' -> '.join([*path, path[0]])}"]
    notes += [f"line {span.line}: `{mine}` needs `{other}`" for mine, other, span in rest]
    return Diagnostic("E0401", message, first[2], f"`{first[0]}` needs `{first[1]}`", tuple(notes), help_)


def sort_by_need(items: Iterable[K], needs: Mapping[K, Iterable[K]]) -> tuple[list[K], list[list[K]]]:
    """Stable topological order, and one cycle per knot. Items of a cycle come at the end."""
    done: dict[K, bool] = {}
    order: list[K] = []
    cycles: list[list[K]] = []
    for root in items:
        if root not in done:
            _visit(root, lambda k: iter(list(needs.get(k, ()))), done, order, cycles)
    return order, cycles


def _visit(
    root: K, needs: Callable[[K], Iterable[K]], done: dict[K, bool], order: list[K], cycles: list[list[K]]
) -> None:
    """Depth first without recursion; `done[k]` is False while k is on the path."""
    path, stack = [root], [iter(needs(root))]
    done[root] = False
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
            finished = path.pop()
            done[finished] = True
            order.append(finished)
        elif following not in done:
            done[following] = False
            path.append(following)
            stack.append(iter(needs(following)))
        elif not done[following]:
            cycles.append(path[path.index(following) :])
