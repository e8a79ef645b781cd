"""Texts read by the parser library's own machine: slower than by the tables alone, but it says what is wrong where.

Its parser is kept beside the grammar as well: to build it takes half a second, to read it a tenth of that.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Tree
from lark.exceptions import UnexpectedInput
from lark.indenter import Indenter

from econda_edsl.compiler.parse.build_expressions import Refused
from econda_edsl.compiler.parse.build_statements import Build
from econda_edsl.compiler.parse.errors import explain
from econda_edsl.compiler.parse.grammar import EXPRESSIONS, OPERATORS_DEEP, grammar_text
from econda_edsl.compiler.parse.token import token
from econda_edsl.diagnostics import Diagnostic, Span

FILE = "library.bin"
OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "propagate_positions": True,
    "maybe_placeholders": False,
    "start": ["declaration", "expr"],
}
"""How the parser library is to read the grammar."""


class _Margins(Indenter):
    NL_type = "_NL"  # type: ignore[assignment]
    INDENT_type = "_INDENT"  # type: ignore[assignment]
    DEDENT_type = "_DEDENT"  # type: ignore[assignment]
    OPEN_PAREN_types = ["LPAR", "LSQB", "LBRACE"]  # type: ignore[assignment]
    CLOSE_PAREN_types = ["RPAR", "RSQB", "RBRACE"]  # type: ignore[assignment]
    tab_len = 1  # type: ignore[assignment]


# The indenter keeps state while it runs, so one thread parses at a time.
_turn = threading.Lock()


@cache
def parser() -> Lark:
    """The parser of the grammar, from what is kept where that is of this grammar and this version of the library."""
    grammar = grammar_text()
    return kept(grammar, OPTIONS) or built(grammar)


def built(grammar: str) -> Lark:
    """A parser with tables just built."""
    return Lark(grammar, postlex=_Margins(), **OPTIONS)


def kept(grammar: str, options: Mapping[str, Any]) -> Lark | None:
    """The parser of a grammar with these options, if it is kept and can be read."""
    file = resources.files("econda_edsl.compiler.parse").joinpath(FILE)
    data = file.read_bytes() if file.is_file() else b""
    key = _key(grammar, options)
    if not data.startswith(key):
        return None
    try:
        return Lark.load(io.BytesIO(zlib.decompress(data[len(key) :])))
    except Exception:
        # Damaged, or made by code that has changed its names since: it saves time, and no more than that.
        return None


def keep(grammar: str, options: Mapping[str, Any], parser: Lark, path: Path) -> None:
    """Write a parser that was just built."""
    saved = io.BytesIO()
    parser.save(saved)
    path.write_bytes(_key(grammar, options) + zlib.compress(saved.getvalue(), 9))


def _key(grammar: str, options: Mapping[str, Any]) -> bytes:
    about = json.dumps([lark.__version__, grammar, dict(options)], sort_keys=True)
    return hashlib.sha256(about.encode()).digest()


def read(start: str, text: str, offset: Span, build: Build) -> Any:
    """The syntax of a text, by the methods of `build`, which notes what it finds wrong. Raises `Refused`."""
    return _built(_tree(start, text, offset), build)


def _built(tree: Tree[lark.Token], build: Build) -> Any:
    """Every node by the method of its name, children first and in order, without recursion."""
    order, stack = [], [tree]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += [child for child in node.children if isinstance(child, Tree)]
    made: dict[int, Any] = {}
    for node in reversed(order):
        children = [made.pop(id(child)) if isinstance(child, Tree) else _ours(child) for child in node.children]
        made[id(node)] = getattr(build, node.data)(node.meta, children)
    return made[id(tree)]


def _ours(child: Any) -> Any:
    if not isinstance(child, lark.Token):
        return child
    place: Any = (child.line, child.column, child.end_line, child.end_column)
    return token(child.type, str(child), place)


def _tree(start: str, text: str, offset: Span) -> Tree[lark.Token]:
    """Raises `Refused`."""
    try:
        with _turn:
            tree = parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise Refused(explain(error, text, offset)) from error
    deep = _too_deep(tree, offset)
    if deep:
        raise Refused(deep)
    return tree


def _too_deep(tree: Tree[lark.Token], offset: Span) -> Diagnostic | None:
    """Refuse expressions that later phases, which recurse, could not walk."""
    stack: list[tuple[Tree[lark.Token], int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        depth = depth + 1 if node.data in EXPRESSIONS else 0
        if depth > OPERATORS_DEEP:
            meta = node.meta
            span = Span(meta.line + offset.line, meta.column, meta.line + offset.line, meta.column + 1)
            help_ = "bind parts of it to names of their own"
            message = f"this expression is nested more than {OPERATORS_DEEP} deep"
            return Diagnostic("E0109", message, span, "too deep", help=help_)
        stack += [(child, depth) for child in node.children if isinstance(child, Tree)]
    return None
