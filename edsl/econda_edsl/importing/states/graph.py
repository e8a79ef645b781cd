"""The states of a machine as a graph: circles, and where branches come together again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

END = "■"
"""Where a machine, or a part of it that is looked at, is left."""

Graph = Mapping[str, tuple[str, ...]]


def part(graph: Graph, stops: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The graph as seen from inside a part that is left at `stops`: edges to them lead to the end."""
    return {
        state: tuple(dict.fromkeys(END if each in stops else each for each in targets))
        for state, targets in graph.items()
    }


def has_circles(graph: Graph) -> bool:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return True
    return False


def circle_of(start: str, graph: Graph) -> set[str]:
    """The states from which `start` can be reached again, with itself; empty if it is in no circle."""
    ahead = _reached(graph[start], graph)
    if start not in ahead:
        return set()
    return _reached([start], _turned(graph)) & ahead


def meetings(graph: Graph) -> dict[str, str]:
    """For every state that can come to the end: the first state that all its ways to the end pass.

    That is the tree of dominators of the turned graph, by repeated intersection (Cooper, Harvey and Kennedy). States
    that only fail do not count, so a branch that fails meets nobody.
    """
    turned = _turned(graph)
    order = _behind(END, turned)
    place = {state: number for number, state in enumerate(order)}
    above = {END: END}
    changed = True
    while changed:
        changed = False
        for state in reversed(order[:-1]):
            known = [each for each in graph[state] if each in above]
            found = known[0]
            for each in known[1:]:
                found = _joined(found, each, above, place)
            if above.get(state) != found:
                above[state] = found
                changed = True
    return above


def _joined(one: str, other: str, above: Mapping[str, str], place: Mapping[str, int]) -> str:
    while one != other:
        while place[one] < place[other]:
            one = above[one]
        while place[other] < place[one]:
            other = above[other]
    return one


def _behind(start: str, graph: Graph) -> list[str]:
    """States reached from `start`, each after all that it leads to for the first time; `start` is the last."""
    order: list[str] = []
    seen = {start}
    waiting = [(start, iter(graph.get(start, ())))]
    while waiting:
        state, targets = waiting[-1]
        target = next((each for each in targets if each not in seen), None)
        if target is None:
            order.append(state)
            waiting.pop()
        else:
            seen.add(target)
            waiting.append((target, iter(graph.get(target, ()))))
    return order


def _turned(graph: Graph) -> dict[str, tuple[str, ...]]:
    back: dict[str, list[str]] = {}
    for state, targets in graph.items():
        for each in targets:
            back.setdefault(each, []).append(state)
    return {state: tuple(each) for state, each in back.items()}


def _reached(starts: Iterable[str], graph: Graph) -> set[str]:
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += graph.get(state, ())
    return found
