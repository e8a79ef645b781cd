"""Quick fixes: what the help of an error says, done, where that takes no thinking."""

# Every rule has the same two parameters, used or not.
# ruff: noqa: ARG001

from __future__ import annotations

import re
from collections.abc import Callable

from lsprotocol import types as p

from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.lint.rule import Finding
from econda_edsl.lint.run import lint
from econda_edsl.lsp.texts import Text

_MEANT = re.compile(r"did you mean `([A-Za-z_][\w]*)`\?")
_USE = re.compile(r"^use `([A-Z]\w*)`$")
_NAME = re.compile(r"[A-Za-z_]\w*")
_Edit = tuple[str, Span, str]


def actions(text: Text, uri: str, version: int, analysis: Analysis, range_: p.Range) -> list[p.CodeAction]:
    """The fixes for the errors that touch a range."""
    first, last = range_.start.line + 1, range_.end.line + 1
    found = []
    for d in analysis.diagnostics:
        if not (first <= max(1, d.span.line) <= last):
            continue
        for rule in _RULES:
            fix = rule(text, d)
            if fix is not None:
                found.append(_action(text, uri, version, d, fix))
    if not analysis.diagnostics:
        for finding in lint(analysis):
            if first <= finding.span.line <= last:
                found += _for_advice(text, uri, version, finding)
    return found


def _for_advice(text: Text, uri: str, version: int, finding: Finding) -> list[p.CodeAction]:
    """The fix, if there is one, and the comment that silences the lint; its reason is left to the author."""
    about = p.Diagnostic(
        text.range(finding.span), finding.message, p.DiagnosticSeverity.Warning, finding.lint, source="edsl"
    )
    found = []
    if finding.fix:
        title = finding.help[:1].upper() + finding.help[1:]
        found.append(_code_action(text, uri, version, title, about, list(finding.fix), True))
    if finding.lint != "allow-reason":
        line = text.line(finding.span.line)
        margin = line[: len(line) - len(line.lstrip(" "))]
        place = Span(finding.span.line, 1, finding.span.line, 1)
        comment = f"{margin}## allow: {finding.lint} - \n"
        found.append(_code_action(text, uri, version, f"Allow {finding.lint} here", about, [(place, comment)], False))
    return found


def _code_action(
    text: Text, uri: str, version: int, title: str, about: p.Diagnostic, edits: list[tuple[Span, str]], preferred: bool
) -> p.CodeAction:
    document = p.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    changes = [p.TextEdit(text.range(span), new) for span, new in edits]
    edit = p.WorkspaceEdit(document_changes=[p.TextDocumentEdit(document, list(changes))])
    return p.CodeAction(title, p.CodeActionKind.QuickFix, [about], preferred, edit=edit)


def _action(text: Text, uri: str, version: int, d: Diagnostic, fix: _Edit) -> p.CodeAction:
    title, span, new = fix
    mended = p.Diagnostic(text.range(d.span), d.message, p.DiagnosticSeverity.Error, d.code, source="edsl")
    return _code_action(text, uri, version, title, mended, [(span, new)], True)


def _meant(text: Text, d: Diagnostic) -> _Edit | None:
    """`did you mean`: the first word of the span becomes the other one."""
    match = _MEANT.search(d.help) or (_USE.search(d.help) if d.code == "E0206" else None)
    if match is None:
        return None
    line = text.line(d.span.line)
    word = _NAME.search(line, max(0, d.span.column - 1))
    if word is None or word.start() + 1 > d.span.end_column:
        return None
    return f"Change to `{match[1]}`", Span(d.span.line, word.start() + 1, d.span.line, word.end() + 1), match[1]


def _colon(text: Text, d: Diagnostic) -> _Edit | None:
    if d.code != "E0107":
        return None
    place = Span(d.span.line, d.span.column, d.span.line, d.span.column)
    return "Add the missing `:`", place, ":"


def _sign(text: Text, d: Diagnostic) -> _Edit | None:
    """`=` and `==` in each other's place."""
    if d.code != "E0108":
        return None
    line = text.line(d.span.line)
    for start in (d.span.column - 1, d.span.column):
        # The second sign of a `==` may be what the parser stopped at.
        if start > 0 and line.startswith("==", start - 1):
            return "Write `=`", Span(d.span.line, start, d.span.line, start + 2), "="
    if line.startswith("=", d.span.column - 1):
        return "Write `==`", Span(d.span.line, d.span.column, d.span.line, d.span.column + 1), "=="
    return None


def _edition(text: Text, d: Diagnostic) -> _Edit | None:
    if d.code != "E0116":
        return None
    if text.line(d.span.line).startswith("edsl"):
        return "Write `edsl 1`", Span(d.span.line, 1, d.span.line, len(text.line(d.span.line)) + 1), "edsl 1"
    return "Begin with `edsl 1`", Span(1, 1, 1, 1), "edsl 1\n\n"


def _tab(text: Text, d: Diagnostic) -> _Edit | None:
    if d.code != "E0103" or d.message != "a tab in the margin":
        return None
    line = text.line(d.span.line)
    margin = line[: len(line) - len(line.lstrip(" \t"))]
    return "Indent with spaces", Span(d.span.line, 1, d.span.line, len(margin) + 1), margin.replace("\t", "    ")


def _operator(text: Text, d: Diagnostic) -> _Edit | None:
    """`&&`, `||` and `!` of other languages."""
    if d.code != "E0111":
        return None
    line = text.line(d.span.line)
    for sign, word in (("&&", "and"), ("||", "or")):
        if line.startswith(sign, d.span.column - 1):
            return f"Write `{word}`", Span(d.span.line, d.span.column, d.span.line, d.span.column + 2), word
    return None


_RULES: tuple[Callable[[Text, Diagnostic], _Edit | None], ...] = (_meant, _colon, _sign, _edition, _tab, _operator)
