"""Diagnostics as an editor shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from lsprotocol import types as p

from econda_edsl.diagnostics import NOWHERE, Diagnostic, Span
from econda_edsl.diagnostics.pages import UnknownCode, page
from econda_edsl.index.analysis import Analysis
from econda_edsl.lint.pages import anchor
from econda_edsl.lint.rule import Finding
from econda_edsl.lint.run import lint
from econda_edsl.lsp.documents import path_of
from econda_edsl.lsp.texts import Text

PAGES = "https://github.com/econda/econda-cloud/blob/main/docs/language"
_LINE = re.compile(r"\bline (\d+)\b")
_UNNECESSARY = frozenset({"E0503"})


def published(text: Text, uri: str, analysis: Analysis) -> list[p.Diagnostic]:
    """All errors of a text, and the lints if it has none."""
    errors = [_error(text, uri, d) for d in analysis.diagnostics] + list(_in_imports(text, uri, analysis))
    return errors or [_advice(text, finding) for finding in lint(analysis)]


def _advice(text: Text, finding: Finding) -> p.Diagnostic:
    message = finding.message + (f"\nhelp: {finding.help}" if finding.help else "")
    where = p.CodeDescription(f"{PAGES}/lints.md#{anchor(finding.lint)}")
    return p.Diagnostic(text.range(finding.span), message, p.DiagnosticSeverity.Warning, finding.lint, where, "edsl")


def _in_imports(text: Text, uri: str, analysis: Analysis) -> Iterator[p.Diagnostic]:
    """Errors of imported files, at the line that imports them or what imports them."""
    here = path_of(uri)
    if here is None or analysis.checked is None or not analysis.imported:
        return
    imports = analysis.checked.unit.imports
    by_path: dict[str, list[Diagnostic]] = {}
    for d in analysis.imported:
        by_path.setdefault(d.path, []).append(d)
    for path, found in by_path.items():
        direct = next((d for d, unit in imports.items() if unit.path == path), next(iter(imports), None))
        span = direct.source.span if direct is not None else NOWHERE
        target = (here.parent / path).as_uri()
        related = [
            p.DiagnosticRelatedInformation(p.Location(target, _there(d.span)), f"{d.code}: {d.message}")
            for d in found[:20]
        ]
        message = f"{path} has {len(found)} error{'s' * (len(found) > 1)}: {found[0].message}"
        yield p.Diagnostic(text.range(span), message, p.DiagnosticSeverity.Error, found[0].code,
                           _page(found[0].code), "edsl", related_information=related)  # fmt: skip


def _there(span: Span) -> p.Range:
    """A range in a file that is not at hand; columns beyond rare letters may be off by some units."""
    start = p.Position(max(0, span.line - 1), max(0, span.column - 1))
    return p.Range(start, p.Position(max(0, span.end_line - 1), max(0, span.end_column - 1)))


def _error(text: Text, uri: str, d: Diagnostic) -> p.Diagnostic:
    lines = [d.message]
    if d.label:
        lines[0] += f": {d.label}"
    if d.help:
        lines.append(f"help: {d.help}")
    related = [
        p.DiagnosticRelatedInformation(p.Location(uri, _whole_line(text, note) or text.range(d.span)), note)
        for note in d.notes
    ]
    return p.Diagnostic(
        range=text.range(d.span),
        message="\n".join(lines),
        severity=p.DiagnosticSeverity.Error,
        code=d.code,
        code_description=_page(d.code),
        source="edsl",
        related_information=related or None,
        tags=[p.DiagnosticTag.Unnecessary] if d.code in _UNNECESSARY else None,
        data={"help": d.help, "label": d.label},
    )


@cache
def _page(code: str) -> p.CodeDescription | None:
    try:
        return p.CodeDescription(f"{PAGES}/errors.md#{page(code).anchor}")
    except UnknownCode:
        return None


def _whole_line(text: Text, note: str) -> p.Range | None:
    """The line that a note speaks of."""
    match = _LINE.search(note)
    if match is None or not 0 < int(match[1]) <= len(text.lines):
        return None
    number = int(match[1])
    line = text.line(number)
    start = len(line) - len(line.lstrip(" "))
    return p.Range(text.position(number, start + 1), text.position(number, len(line.rstrip()) + 1))
