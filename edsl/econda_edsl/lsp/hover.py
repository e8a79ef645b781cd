"""What is shown beside a name under the pointer."""

from __future__ import annotations

import re

from lsprotocol import types as p

from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.lsp.cursor import cursor_at
from econda_edsl.lsp.describe import literal_text, symbol_text, word_entry
from econda_edsl.lsp.texts import Text

_WORD = re.compile(r"[A-Za-z_]\w*")


def hover(text: Text, analysis: Analysis, line: int, column: int) -> p.Hover | None:
    """The meaning of what stands at a place: a symbol, a word of the language, a quantity."""
    source = text.line(line)
    reference = analysis.index.at(line, column)
    if reference is not None and reference.symbol.kind != "built-in":
        parts = [f"```edsl\n{symbol_text(reference, analysis)}\n```"]
        if reference.symbol.doc:
            parts.append(reference.symbol.doc)
        if reference.type.known and reference.type.kind in ("record", "list", "optional") and not reference.binds:
            parts.append(f"Here: `{reference.type.label}`")
        return _hover(text, "\n\n".join(parts), reference.span)
    match = next((m for m in _WORD.finditer(source) if m.start() < column <= m.end() + 1), None)
    cursor = cursor_at(text.lines, line, (match.start() if match else column - 1) + 1)
    if cursor.region != "code":
        return None
    if match is not None and (entry := word_entry(match[0], cursor)):
        span = Span(line, match.start() + 1, line, match.end() + 1)
        return _hover(text, f"```edsl\n{entry.form}\n```\n\n{entry.text}", span)
    if found := literal_text(source, column):
        return p.Hover(p.MarkupContent(p.MarkupKind.Markdown, f"`{found}`"))
    return None


def _hover(text: Text, markdown: str, span: Span) -> p.Hover:
    return p.Hover(p.MarkupContent(p.MarkupKind.Markdown, markdown), text.range(span))
