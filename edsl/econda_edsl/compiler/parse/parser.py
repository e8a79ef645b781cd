"""Clean text to syntax: right text by tables, and by the parser library where something is wrong."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.build_expressions import Refused
from econda_edsl.compiler.parse.build_statements import Build
from econda_edsl.compiler.parse.grammar import OPERATORS_DEEP, grammar_text
from econda_edsl.compiler.parse.layout import Chunk, Layout
from econda_edsl.compiler.parse.table_parser import GivenUp, TableParser
from econda_edsl.compiler.parse.tables import read_tables
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words import prelude

_FOREIGN = {"def": "`task` or `pipeline`", "workflow": "`pipeline`", "process": "`task`", "class": "`type`",
            "struct": "`type`", "const": "`let`", "var": "`let`", "rule": "`task`", "function": "`task`"}  # fmt: skip
_HEADER = re.compile(r"edsl ([0-9]+)\n*")
_WORD = re.compile(r"[A-Za-z_]\w*|\S")
T = TypeVar("T")


@cache
def _tables() -> TableParser | None:
    """The parser by tables; None where they are of no use and the library's version keeps its own elsewhere."""
    kept = read_tables(grammar_text())
    if kept is None:
        from econda_edsl.compiler.parse.make_tables import derived

        with contextlib.suppress(AttributeError):
            kept = derived()
    return None if kept is None else TableParser(kept, OPERATORS_DEEP)


@dataclass(frozen=True, slots=True)
class Parsed:
    program: s.Program
    complete: bool


class Memo(Protocol):
    """What remembers declarations from one version of a text to the next."""

    def recall(
        self, chunk: Chunk, layout: Layout, parse: Callable[[list[Diagnostic]], s.Declaration | None]
    ) -> tuple[s.Declaration | None, list[Diagnostic]]:
        """The declaration of a chunk and what is wrong with it, by `parse` if it is not remembered."""
        ...


def parse(layout: Layout, memo: Memo | None = None) -> tuple[Parsed, list[Diagnostic]]:
    """All declarations that parse; each syntax error costs its own declaration, which `mending` reads again."""
    diagnostics: list[Diagnostic] = []
    chunks = list(layout.chunks)
    edition = _header(chunks, diagnostics)
    declarations: list[s.Declaration] = []
    complete = True
    for chunk in chunks:
        declaration = None if chunk.broken else _remembered(chunk, layout, diagnostics, memo)
        complete = complete and declaration is not None
        if declaration is not None:
            declarations.append(declaration)
    return Parsed(s.Program(edition, tuple(declarations)), complete), diagnostics


def _header(chunks: list[Chunk], diagnostics: list[Diagnostic]) -> int:
    first = chunks[0] if chunks else Chunk(1, "", False)
    match = _HEADER.fullmatch(first.text)
    if match is None:
        span = Span(first.line, 1, first.line, 2)
        words = first.text.split("\n")[0]
        if words.startswith("edsl"):
            chunks.pop(0)
            span = Span(first.line, 1, first.line, len(words) + 1)
        help_ = "write `edsl 1` on the first line"
        diagnostics.append(
            Diagnostic("E0116", "a file begins with its language edition", span, "expected `edsl 1`", help=help_)
        )
        return 1
    chunks.pop(0)
    if match[1] != "1":
        span = Span(first.line, 6, first.line, 6 + len(match[1]))
        shown = match[1][:20]
        diagnostics.append(
            Diagnostic(
                "E0116", f"edition {shown} is unknown", span, "this compiler reads edition 1", help="write `edsl 1`"
            )
        )
    return 1


def _remembered(chunk: Chunk, layout: Layout, diagnostics: list[Diagnostic], memo: Memo | None) -> s.Declaration | None:
    if memo is None:
        return _declaration(chunk, layout, diagnostics)
    declaration, found = memo.recall(chunk, layout, lambda report: _declaration(chunk, layout, report))
    diagnostics += found
    return declaration


def _declaration(chunk: Chunk, layout: Layout, diagnostics: list[Diagnostic]) -> s.Declaration | None:
    word = _WORD.match(chunk.text)
    if word is None or word[0] not in prelude.DECLARATIONS:
        diagnostics.append(_not_a_declaration(chunk, word[0] if word else ""))
        return None
    return _run("declaration", chunk.text, Span(chunk.line - 1, 0, 0, 0), layout, diagnostics)


def _not_a_declaration(chunk: Chunk, word: str) -> Diagnostic:
    span = Span(chunk.line, 1, chunk.line, 1 + max(1, len(word)))
    known = ", ".join(prelude.DECLARATIONS[:4])
    if word in _FOREIGN:
        help_ = f"use {_FOREIGN[word]}"
    elif word == "edsl":
        help_ = "the edition is given once, on the first line"
    else:
        help_ = did_you_mean(word, prelude.DECLARATIONS) or f"at the left margin stand declarations: {known}"
    return Diagnostic("E0101", f"`{word}` does not begin a declaration", span, "not a declaration", help=help_)


def _run(start: str, text: str, offset: Span, layout: Layout, diagnostics: list[Diagnostic]) -> s.Declaration | None:
    right = _read(start, text, offset, layout)
    return _explained(start, text, offset, layout, diagnostics) if right is None else right


def _interpolated(text: str, offset: Span, layout: Layout) -> s.Expr:
    """The expression inside `{…}` of a string. Raises `Refused`."""
    right = _read("expr", text, offset, layout)
    if right is not None:
        return right
    problems: list[Diagnostic] = []
    found = _explained("expr", text, offset, layout, problems)
    if found is None:
        raise Refused(problems[0])
    return found


def _read(start: str, text: str, offset: Span, layout: Layout) -> Any:
    """The syntax of a right text, quickly; None where anything is wrong with it, or there are no tables."""
    tables, build = _tables(), Build(layout, offset, _interpolated)
    if tables is None:
        return None
    try:
        found = tables.read(text, start, build)
    except (GivenUp, Refused):
        return None
    return None if build.diagnostics else found


def _explained(start: str, text: str, offset: Span, layout: Layout, diagnostics: list[Diagnostic]) -> Any:
    """The syntax of any text by the library's own machine; None after reporting what is wrong with it."""
    from econda_edsl.compiler.parse import library  # A right text never needs it, and it takes long to import.

    build = Build(layout, offset, _interpolated)
    try:
        found = library.read(start, text, offset, build)
    except Refused as refused:
        diagnostics.append(refused.diagnostic)
        return None
    diagnostics += build.diagnostics
    return None if build.diagnostics else found
