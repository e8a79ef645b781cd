"""The parser's tables as plain data: what to do in each state, and what may stand there.

`make_tables` derives them from the grammar by the parser library. They are read without it.
"""

from __future__ import annotations

import hashlib
import zlib
from importlib import resources
from typing import Any, NamedTuple

import msgspec

FILE = "tables.bin"
_KEY = 32


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


class Scanner(NamedTuple):
    """What may stand in a state: a pattern with a group for each kind.

    `words` are those names, of a kind, that are keywords there; `long` the kinds that may have line breaks.
    """

    pattern: str
    words: dict[str, dict[str, str]]
    long: frozenset[str]


class ParserTables(msgspec.Struct, frozen=True):
    """`states` tell for a kind of token or syntax the state that it leads to, or, below 0, the rule -1 - n to reduce by.

    `starts` and `ends` are states by what is read. `scanner_of` tells for a state which of `scanners` is its own. `kept`
    are the kinds of tokens that syntax is made of. A rule that the parser by tables cannot run is None.
    """

    starts: dict[str, int]
    ends: dict[str, int]
    states: list[dict[str, int]]
    rules: list[Pass | Reduction | None]
    scanners: list[Scanner]
    scanner_of: list[int]
    kept: frozenset[str]


def read_tables(grammar: str) -> ParserTables | None:
    """The tables that are kept, if they are those of this grammar and can be read."""
    file = resources.files("econda_edsl.compiler.parse").joinpath(FILE)
    data = file.read_bytes() if file.is_file() else b""
    if data[:_KEY] != _key(grammar):
        return None
    try:
        starts, ends, states, rules, scanners, scanner_of, kept = msgspec.msgpack.decode(zlib.decompress(data[_KEY:]))
        return ParserTables(
            starts,
            ends,
            states,
            [_rule(each) for each in rules],
            [Scanner(pattern, words, frozenset(long)) for pattern, words, long in scanners],
            scanner_of,
            frozenset(kept),
        )
    except (msgspec.MsgspecError, zlib.error, TypeError, ValueError):
        # Damaged: they save time, and no more than that.
        return None


def encoded(tables: ParserTables, grammar: str) -> bytes:
    """The tables as they are kept: the same for the same tables."""
    parts = [
        tables.starts,
        tables.ends,
        tables.states,
        [
            None if each is None else [sorted(x) if isinstance(x, frozenset) else x for x in each]
            for each in tables.rules
        ],
        [[each.pattern, each.words, sorted(each.long)] for each in tables.scanners],
        tables.scanner_of,
        sorted(tables.kept),
    ]
    return _key(grammar) + zlib.compress(msgspec.msgpack.encode(parts), 9)


def _rule(data: list[Any] | None) -> Pass | Reduction | None:
    if data is None:
        return None
    if len(data) == 1:
        return Pass(*data)
    origin, size, kept, lists, name, single, deep = data
    return Reduction(origin, size, tuple(kept), frozenset(lists), name, single, deep)


def _key(grammar: str) -> bytes:
    return hashlib.sha256(grammar.encode()).digest()
