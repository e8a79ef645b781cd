"""All rules on one program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.lint.allow import allows, apply_allows
from econda_edsl.lint.rule import Edit, Finding, Program
from econda_edsl.lint.rules import RULES

ROUNDS = 10


def lint(analysis: Analysis) -> list[Finding]:
    """The advice on a program, in source order; none for a program with errors, which come first."""
    checked = analysis.checked
    if analysis.diagnostics or checked is None or checked.parts is None:
        return []
    program = Program(analysis, checked)
    found = [replace(finding, lint=rule.id) for rule in RULES.values() for finding in rule.check(program)]
    kept = apply_allows(found, allows(program))
    return sorted(kept, key=lambda f: (f.span.line, f.span.column, f.lint))


def fixed(text: str, files: Mapping[str, bytes], path: str) -> tuple[str, int]:
    """The text with all fixes made, and how many findings they settled. A text with errors stays as it is."""
    settled = 0
    for _ in range(ROUNDS):
        analysis = analyse(text, files, path=path)
        if analysis.diagnostics:
            break
        edits: list[Edit] = []
        for finding in lint(analysis):
            if finding.fix and not any(_overlap(a, b) for a, _ in finding.fix for b, _ in edits):
                edits += finding.fix
                settled += 1
        if not edits:
            break
        text = edited(text, edits)
    return text, settled


def edited(text: str, edits: list[Edit]) -> str:
    """The text with edits made; an edit that empties a whole line removes it."""
    lines = text.split("\n")
    gone: set[int] = set()
    for span, new in sorted(edits, key=lambda e: (e[0].line, e[0].column), reverse=True):
        line = lines[span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + new + line[span.end_column - 1 :]
        if line.strip() and not lines[span.line - 1].strip():
            gone.add(span.line - 1)
    return "\n".join(line.rstrip() if i in gone else line for i, line in enumerate(lines) if i not in gone)


def _overlap(a: Span, b: Span) -> bool:
    return (a.line, a.column) < (b.end_line, b.end_column) and (b.line, b.column) < (a.end_line, a.end_column)
