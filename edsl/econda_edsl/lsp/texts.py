"""A text as an editor has it: edits by line and code unit, positions back and forth.

Lines end where the protocol says, not where Python's `splitlines` does, which also splits at form feeds and others.
"""

from __future__ import annotations

import re

from lsprotocol import types as p

from econda_edsl.diagnostics import Span

_LINE_END = re.compile(r"\r\n|\r")


class Text:
    """The lines of an open document. `encoding` is how the editor counts columns."""

    def __init__(self, source: str, encoding: str = "utf-16") -> None:
        self.encoding = encoding
        self.lines = _LINE_END.sub("\n", source).split("\n")

    @property
    def source(self) -> str:
        """All lines, joined by `\\n`."""
        return "\n".join(self.lines)

    def change(self, change: p.TextDocumentContentChangeEvent) -> None:
        """Apply one edit. Places outside of the text are taken for the nearest inside."""
        if not isinstance(change, p.TextDocumentContentChangePartial):
            self.lines = _LINE_END.sub("\n", change.text).split("\n")
            return
        first, start = self._inside(change.range.start)
        last, end = self._inside(change.range.end)
        if (last, end) < (first, start):
            first, start, last, end = last, end, first, start
        new = self.lines[first][:start] + _LINE_END.sub("\n", change.text) + self.lines[last][end:]
        self.lines[first : last + 1] = new.split("\n")

    def _inside(self, position: p.Position) -> tuple[int, int]:
        """Line and letter, both from 0, within the text."""
        if position.line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return position.line, from_units(self.lines[position.line], position.character, self.encoding)

    # ---- positions of the language count from 1, in letters

    def place(self, position: p.Position) -> tuple[int, int]:
        """Line and column, from 1, of an editor's position."""
        line, column = self._inside(position)
        return line + 1, column + 1

    def position(self, line: int, column: int) -> p.Position:
        """The editor's position of a line and column."""
        if line < 1:
            return p.Position(0, 0)
        if line > len(self.lines):
            return p.Position(len(self.lines) - 1, units(self.lines[-1], self.encoding))
        return p.Position(line - 1, units(self.lines[line - 1][: max(0, column - 1)], self.encoding))

    def range(self, span: Span) -> p.Range:
        """The editor's range of a span; the first letter for what is about the whole file."""
        if span.line < 1:
            return p.Range(p.Position(0, 0), self.position(1, 2))
        return p.Range(self.position(span.line, span.column), self.position(span.end_line, span.end_column))

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def units(text: str, encoding: str) -> int:
    """How long a text is in code units."""
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    if encoding == "utf-32" or text.isascii():
        return len(text)
    return len(text) + sum(c > "\uffff" for c in text)


def from_units(line: str, count: int, encoding: str) -> int:
    """How many letters of a line `count` code units are; a letter cut in two counts not."""
    if encoding == "utf-32" or line.isascii():
        return min(count, len(line))
    seen = 0
    for index, letter in enumerate(line):
        seen += units(letter, encoding)
        if seen > count:
            return index
    return len(line)
