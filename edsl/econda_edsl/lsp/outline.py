"""The outline of a file, and its names in colours by what they mean."""

from __future__ import annotations

from lsprotocol import types as p

from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.symbols import Symbol
from econda_edsl.lsp.texts import Text, units

_KINDS = {
    "task": p.SymbolKind.Function,
    "operator": p.SymbolKind.Function,
    "pipeline": p.SymbolKind.Class,
    "type": p.SymbolKind.Struct,
    "constant": p.SymbolKind.Constant,
    "module": p.SymbolKind.Module,
    "policy": p.SymbolKind.Interface,
    "input": p.SymbolKind.TypeParameter,
    "output": p.SymbolKind.Property,
    "field": p.SymbolKind.Field,
    "step": p.SymbolKind.Variable,
}
TOKEN_TYPES = ("function", "class", "type", "variable", "parameter", "property", "namespace", "interface")
TOKEN_MODIFIERS = ("declaration", "readonly")
_TOKENS = {
    "task": "function",
    "operator": "function",
    "pipeline": "class",
    "type": "type",
    "constant": "variable",
    "module": "namespace",
    "imported name": "function",
    "policy": "interface",
    "input": "parameter",
    "output": "property",
    "state": "property",
    "field": "property",
}


def outline(text: Text, analysis: Analysis) -> list[p.DocumentSymbol]:
    """Declarations with what stands in them."""
    tops = sorted(analysis.index.top(), key=lambda x: (x.span.line, x.span.column))
    ends = [following.span.line - 1 for following in tops[1:]] + [len(text.lines)]
    return [_entry(text, analysis, top, _last_line(text, top.span.line, end)) for top, end in zip(tops, ends)]


def _last_line(text: Text, first: int, end: int) -> int:
    """The last line of a declaration that is indented or closes a bracket."""
    last = first
    for number in range(first + 1, end + 1):
        line = text.line(number)
        if line.strip() and line[0] in " )]}":
            last = number
    return last


def _entry(text: Text, analysis: Analysis, symbol: Symbol, last: int) -> p.DocumentSymbol:
    children = []
    for part in analysis.index.parts(symbol):
        if part.kind != "element":
            children.append(_leaf(text, part, part.span))
    whole = Span(symbol.span.line, 1, last, len(text.line(last)) + 1)
    return p.DocumentSymbol(
        symbol.name, _KINDS.get(symbol.kind, p.SymbolKind.Object), text.range(whole), text.range(symbol.span),
        detail=symbol.type.label if symbol.type.known and symbol.kind == "constant" else symbol.kind,
        children=children,
    )  # fmt: skip


def _leaf(text: Text, symbol: Symbol, span: Span) -> p.DocumentSymbol:
    detail = symbol.type.label if symbol.type.known else symbol.kind
    found = text.range(span)
    return p.DocumentSymbol(
        symbol.name, _KINDS.get(symbol.kind, p.SymbolKind.Variable), found, found, detail=detail[:200]
    )


def tokens(text: Text, analysis: Analysis) -> list[int]:
    """Names by meaning, five numbers each, as the protocol wants them."""
    data: list[int] = []
    last_line = last_start = 0
    end = (0, 0)
    for reference in analysis.index.references:
        span = reference.span
        if span.line != span.end_line or (span.line, span.column) < end or reference.symbol.kind == "built-in":
            continue
        end = (span.end_line, span.end_column)
        line = text.line(span.line)
        start = units(line[: span.column - 1], text.encoding)
        length = units(line[span.column - 1 : span.end_column - 1], text.encoding)
        if not length:
            continue
        kind = TOKEN_TYPES.index(_TOKENS.get(reference.symbol.kind, "variable"))
        modifiers = int(reference.binds) | 2 * (reference.symbol.kind in ("constant", "input"))
        row = span.line - 1
        data += [row - last_line, start - last_start if row == last_line else start, length, kind, modifiers]
        last_line, last_start = row, start
    return data
