"""Right text to syntax in one pass: the parser library's tables, run by a machine of our own.

The library's machine takes a name through fourteen levels of precedence, makes a tree, and can tell what else might have
stood where a text goes wrong. This one takes all levels that only hand on in one step, makes syntax at once, and gives up
where anything is wrong: the library then says what. Both read the same tables, so they agree on what is right (tests
compare them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from lark import Lark, Token

from econda_edsl.compiler.parse.table_actions import Actions, Pass, Reduction, is_kept

_new_str, _new_tuple = str.__new__, tuple.__new__


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


class Machine:
    """`deep` are the kinds of syntax that may be nested `deepest` times.

    Raises `AttributeError` where another version of the library keeps its tables elsewhere.
    """

    def __init__(self, parser: Lark, deep: Iterable[str], deepest: int) -> None:
        frontend: Any = parser.parser
        self._lexers = frontend.lexer.lexer.lexers
        table = frontend.parser.parser.parse_table
        self.start_states, self.end_states = table.start_states, table.end_states
        self.deepest = deepest
        self._kept = {symbol.name for rule in parser.rules for symbol in rule.expansion if is_kept(symbol)}
        self.actions = Actions(table.states, frozenset(deep))
        for end in self.end_states.values():
            self.actions[end]["$END"] = end
        self._scanners: dict[int, _Scanner] = {}
        self._passed: dict[tuple[int, int, str], int] = {}
        for start in self.start_states.values():
            self._scanner(start)

    def read(self, text: str, start: str, build: Any) -> Any:
        """The syntax of a text, by the methods of `build`. Raises `GivenUp`, and what they raise."""
        run = _Run(self, self.start_states[start], build)
        last = Place(1, 1, 1, 1)
        margins, brackets = [0], 0
        for kind, token, last in self._tokens(text, run.states):
            if kind == "_NL":
                if not brackets:
                    run.feed(kind, token, last)
                    _margin(run, margins, last)
                continue
            run.feed(kind, token, last)
            if kind in ("LPAR", "LSQB", "LBRACE"):
                brackets += 1
            elif kind in ("RPAR", "RSQB", "RBRACE"):
                brackets -= 1
        for _ in margins[1:]:
            run.feed("_DEDENT", None, last)
        return run.finish(self.end_states[start])

    def _tokens(self, text: str, states: list[int]) -> Iterator[tuple[str, Token | None, Place]]:
        """What stands in a text: which it is depends on the parser's state when it is asked for."""
        at, size, line, begin = 0, len(text), 1, 0
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
            yield kind, _token(kind, value, place) if kind in self._kept else None, place
            at = end

    def _scanner(self, state: int) -> _Scanner:
        lexer = self._lexers[state]
        (pattern,) = lexer.scanner._mres
        words = {
            kind: {word.pattern.value: word.name for word in unless.scanner.terminals}
            for kind, unless in lexer.callback.items()
        }
        self._scanners[state] = found = _Scanner(pattern.match, words, lexer.newline_types)
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


def _token(kind: str, value: str, place: Place) -> Token:
    """A token as the library makes it, without the detours."""
    token = _new_str(Token, value)
    token.type = kind
    token.value = value
    token.start_pos = token.end_pos = None
    token.line, token.column, token.end_line, token.end_column = place
    return token


class _Run:
    """One text being read: for each piece on the stack its state, what was made of it, where it stands, how deep it is."""

    __slots__ = ("build", "depths", "machine", "made", "places", "states")

    def __init__(self, machine: Machine, start: int, build: Any) -> None:
        self.machine, self.build = machine, build
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
        states, actions = self.states, self.machine.actions
        while True:
            state = states[-1]
            action = actions[state].get(kind)
            if type(action) is int:
                return action
            if type(action) is Pass:
                states[-1] = self.machine.passed(states[-2], state, kind)
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
            if depth > self.machine.deepest:
                raise GivenUp
            value = getattr(self.build, name)(place, children)
        if size > 1:
            del states[1 - size :], made[1 - size :], places[1 - size :], depths[1 - size :]
        states[-1] = self.machine.actions[states[-2]][origin]
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
