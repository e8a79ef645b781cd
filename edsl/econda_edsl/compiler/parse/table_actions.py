"""What the machine does in each state of the parser library's tables, read from them and from the rules of the grammar."""

from __future__ import annotations

from typing import Any, NamedTuple

from lark.grammar import Rule


class Pass(NamedTuple):
    """A reduction that only hands on its one child: `origin` is what it becomes."""

    origin: str


class Reduction(NamedTuple):
    """`kept` are the children, counted from the end, that syntax is made of; `lists` those of them that are lists.

    `name` is the method that makes it, empty for a list; with `single` one child alone is handed on as it is. `deep` is
    whether it counts as a level of depth.
    """

    origin: str
    size: int
    kept: tuple[int, ...]
    lists: frozenset[int]
    name: str
    single: bool
    deep: bool


class Actions(dict[int, dict[str, Any]]):
    """For each state what to do on a token (go to a state or reduce) and where a reduction leads, read when needed."""

    def __init__(self, states: dict[int, dict[str, tuple[Any, Any]]], deep: frozenset[str]) -> None:
        super().__init__()
        self._states, self._deep = states, deep
        self._rules: dict[Rule, Pass | Reduction | None] = {}

    def __missing__(self, state: int) -> dict[str, Any]:
        self[state] = found = {name: self._action(arg) for name, (_, arg) in self._states[state].items()}
        return found

    def _action(self, arg: Any) -> Any:
        if not isinstance(arg, Rule):
            return arg
        if arg not in self._rules:
            self._rules[arg] = _planned(arg, self._deep)
        return self._rules[arg]


def _planned(rule: Rule, deep: frozenset[str]) -> Pass | Reduction | None:
    """What a rule of the grammar does, None for one that this machine cannot run: an empty one."""
    symbols, origin = rule.expansion, str(rule.origin.name)
    single = bool(rule.options.expand1 and not rule.alias)
    size = len(symbols)
    kept = {i - size: _is_list(x) for i, x in enumerate(symbols) if is_kept(x)}
    lists = frozenset(i for i, is_list in kept.items() if is_list)
    if single and size == 1 and kept:
        return Pass(origin)
    name = "" if _is_list(rule.origin) else str(rule.alias or origin)
    return Reduction(origin, size, tuple(kept), lists, name, single, name in deep) if size else None


def is_kept(symbol: Any) -> bool:
    """Syntax is not made of what only separates: brackets, commas, keywords."""
    return not (symbol.is_term and symbol.filter_out)


def _is_list(symbol: Any) -> bool:
    """Repetitions have rules of their own, whose children belong to the rule they stand in."""
    return not symbol.is_term and symbol.name.startswith("_")
