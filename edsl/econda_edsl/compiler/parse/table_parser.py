"""Right text to syntax in one pass, by tables.

The library's machine takes a name through fourteen levels of precedence, makes a tree, and can tell what else might have
stood where a text goes wrong. This one takes all levels that only hand on in one step, makes syntax at once, and gives up
where anything is wrong: the library then says what. The tables are the library's own, so both agree on what is right
(tests compare them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from econda_edsl.compiler.parse.tables import ParserTables, Pass, Reduction
from econda_edsl.compiler.parse.token import Token, token

_new_tuple = tuple.__new__


class GivenUp(Exception):
    """The text is not right, or deeper than is allowed."""


class Place(NamedTuple):
    """Where a piece of syntax stands."""

    line: int
    column: int
    end_line: int
    end_column: int


class _Scanner(NamedTuple):
    """What may stand in a state. `words` are those names that are keywords there; `long` may have line breaks."""

    match: Callable[[str, int], re.Match[str] | None]
    words: dict[str, dict[str, str]]
    long: frozenset[str]


class TableParser:
    """Expressions may be nested `deepest` times."""

    def __init__(self, tables: ParserTables, deepest: int) -> None:
        self.tables, self.deepest = tables, deepest
        self.actions = _Actions(tables)
        self._scanners: dict[int, _Scanner] = {}
        self._passed: dict[tuple[int, int, str], int] = {}

    def read(self, text: str, start: str, build: Any) -> Any:
        """The syntax of a text, by the methods of `build`. Raises `GivenUp`, and what they raise."""
        run = _Run(self, self.tables.starts[start], build)
        last = Place(1, 1, 1, 1)
        margins, brackets = [0], 0
        for kind, found, last in self._tokens(text, run.states):
            if kind == "_NL":
                if not brackets:
                    run.feed(kind, found, last)
                    _margin(run, margins, last)
                continue
            run.feed(kind, found, last)
            if kind in ("LPAR", "LSQB", "LBRACE"):
                brackets += 1
            elif kind in ("RPAR", "RSQB", "RBRACE"):
                brackets -= 1
        for _ in margins[1:]:
            run.feed("_DEDENT", None, last)
        return run.finish(self.tables.ends[start])

    def _tokens(self, text: str, states: list[int]) -> Iterator[tuple[str, Token | None, Place]]:
        """What stands in a text: which it is depends on the parser's state when it is asked for."""
        at, size, line, begin, kept = 0, len(text), 1, 0, self.tables.kept
        while True:
            while at < size and text[at] == " ":
                at += 1
            if at == size:
                return
            scanner = self._scanners.get(states[-1]) or self._scanner(states[-1])
            match = scanner.match(text, at)
            if match is None:
                raise GivenUp
            kind, value, end = match.lastgroup or "", match[0], match.end()
            if kind in scanner.words:
                kind = scanner.words[kind].get(value, kind)
            first, column = line, at - begin + 1
            if kind in scanner.long and (breaks := value.count("\n")):
                line, begin = line + breaks, at + value.rindex("\n") + 1
            place = _new_tuple(Place, (first, column, line, end - begin + 1))
            yield kind, token(kind, value, place) if kind in kept else None, place
            at = end

    def _scanner(self, state: int) -> _Scanner:
        pattern, words, long = self.tables.scanners[self.tables.scanner_of[state]]
        self._scanners[state] = found = _Scanner(re.compile(pattern).match, words, long)
        return found

    def passed(self, below: int, state: int, kind: str) -> int:
        """The state after all reductions that only hand on: it depends on nothing else."""
        key = below, state, kind
        found = self._passed.get(key)
        if found is None:
            found = state
            while isinstance(action := self.actions[found].get(kind), Pass):
                found = self.actions[below][action.origin]
            self._passed[key] = found
        return found


def _margin(run: _Run, margins: list[int], line_break: Place) -> None:
    """Blocks that begin or end where a line begins: `line_break` ends there."""
    margin = line_break.end_column - 1
    if margin > margins[-1]:
        margins.append(margin)
        run.feed("_INDENT", None, line_break)
        return
    while margin < margins[-1]:
        margins.pop()
        run.feed("_DEDENT", None, line_break)
    if margin != margins[-1]:
        raise GivenUp


class _Actions(dict[int, dict[str, Any]]):
    """For each state what to do on a token (go to a state or reduce) and where a reduction leads, read when needed."""

    def __init__(self, tables: ParserTables) -> None:
        super().__init__()
        self._tables = tables

    def __missing__(self, state: int) -> dict[str, Any]:
        rules = self._tables.rules
        self[state] = found = {
            name: to if to >= 0 else rules[-1 - to] for name, to in self._tables.states[state].items()
        }
        return found


class _Run:
    """One text being read: for each piece on the stack its state, what was made of it, where it stands, how deep it is."""

    __slots__ = ("build", "depths", "made", "parser", "places", "states")

    def __init__(self, parser: TableParser, start: int, build: Any) -> None:
        self.parser, self.build = parser, build
        self.states, self.made, self.places, self.depths = [start], [], [], []

    def feed(self, kind: str, token: Token | None, place: Place) -> None:
        following = self.settle(kind)
        self.states.append(following)
        self.made.append(token)
        self.places.append(place)
        self.depths.append(0)

    def finish(self, end: int) -> Any:
        if self.settle("$END") != end:
            raise GivenUp
        return self.made[-1]

    def settle(self, kind: str) -> int:
        """Reduce until a token of this kind can follow; the state that it leads to."""
        states, actions = self.states, self.parser.actions
        while True:
            state = states[-1]
            action = actions[state].get(kind)
            if type(action) is int:
                return action
            if type(action) is Pass:
                states[-1] = self.parser.passed(states[-2], state, kind)
            elif type(action) is Reduction:
                self.reduce(action)
            else:
                raise GivenUp

    def reduce(self, rule: Reduction) -> None:
        origin, size, kept, lists, name, single, deep = rule
        states, made, places, depths = self.states, self.made, self.places, self.depths
        children = _joined(made, kept, lists) if lists else [made[i] for i in kept]
        depth = depths[-1] if size == 1 else max(depths[-size:])
        first, last = places[-size], places[-1]
        place = _new_tuple(Place, (first[0], first[1], last[2], last[3]))
        if not name:
            value: Any = children
        elif single and len(children) == 1:
            value = children[0]
        else:
            depth = depth + 1 if deep else 0
            if depth > self.parser.deepest:
                raise GivenUp
            value = getattr(self.build, name)(place, children)
        if size > 1:
            del states[1 - size :], made[1 - size :], places[1 - size :], depths[1 - size :]
        states[-1] = self.parser.actions[states[-2]][origin]
        made[-1], places[-1], depths[-1] = value, place, depth


def _joined(made: list[Any], kept: tuple[int, ...], lists: frozenset[int]) -> list[Any]:
    """Children and those of the lists among them. A list that comes first grows, so that a long one is not copied often."""
    children: list[Any] = []
    for i in kept:
        if i not in lists:
            children.append(made[i])
        elif children:
            children += made[i]
        else:
            children = made[i]
    return children
