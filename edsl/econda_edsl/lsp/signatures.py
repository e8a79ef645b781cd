"""The inputs of what is being called, while its arguments are written."""

from __future__ import annotations

from lsprotocol import types as p

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.syntax.printing import type_text
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.symbols import Symbol
from econda_edsl.lsp.cursor import Call, cursor_at
from econda_edsl.lsp.describe import field_text
from econda_edsl.lsp.texts import Text
from econda_edsl.words import manual


def signature_help(text: Text, analysis: Analysis, line: int, column: int) -> p.SignatureHelp | None:
    """The innermost call around a place; None outside of calls."""
    cursor = cursor_at(text.lines, line, column)
    if cursor.region != "code" or (cursor.words and cursor.words[0].text in ("task", "pipeline", "operator")):
        return None
    call = next((c for c in reversed(cursor.calls) if c.opener == "(" and c.callee), None)
    if call is None:
        return None
    callee = next((x for x in analysis.index.top() if x.name == call.callee), None)
    if callee is not None and isinstance(callee.syntax, s.Task | s.Record | s.Pipeline | s.Function):
        return _declared(call, callee, analysis)
    if call.callee in manual.RETRY:
        names = list(manual.RETRY[call.callee])
        labels = [manual.RETRY[call.callee][n].form for n in names]
        docs = [manual.RETRY[call.callee][n].text for n in names]
        return _help(call, f"{call.callee}({', '.join(labels)})", names, labels, docs)
    if call.callee in manual.FUNCTIONS:
        entry = manual.FUNCTIONS[call.callee]
        signature = p.SignatureInformation(entry.form, documentation=entry.text)
        return p.SignatureHelp([signature], 0, None)
    return None


def _declared(call: Call, callee: Symbol, analysis: Analysis) -> p.SignatureHelp:
    fields = callee.syntax.fields if isinstance(callee.syntax, s.Record) else callee.syntax.inputs  # type: ignore[union-attr]
    labels = [field_text(f, analysis) for f in fields]
    outputs = (
        [field_text(f, analysis) for f in callee.syntax.outputs]
        if isinstance(callee.syntax, s.Task | s.Pipeline)
        else []
    )
    label = f"{callee.name}({', '.join(labels)})" + (f" -> ({', '.join(outputs)})" if outputs else "")
    if isinstance(callee.syntax, s.Function):
        label += f": {type_text(callee.syntax.type)}"
    return _help(call, label, [f.name.text for f in fields], labels, [f.doc for f in fields], callee.doc)


def _help(
    call: Call, label: str, names: list[str], labels: list[str], docs: list[str], doc: str = ""
) -> p.SignatureHelp:
    parameters = [
        p.ParameterInformation(text, p.MarkupContent(p.MarkupKind.Markdown, about) if about else None)
        for text, about in zip(labels, docs)
    ]
    active = call.active
    argument = call.argument
    if len(argument) > 1 and argument[1].text == "=" and argument[0].text in names:
        active = names.index(argument[0].text)
    documentation = p.MarkupContent(p.MarkupKind.Markdown, doc) if doc else None
    signature = p.SignatureInformation(label, documentation, parameters, active if active < len(names) else None)
    return p.SignatureHelp([signature], 0, signature.active_parameter)
