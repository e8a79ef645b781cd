"""`## allow: lint-id - reason`: advice that someone has read and decided against, with the reason beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from econda_edsl.compiler.parse.layout import CODE_HEADER
from econda_edsl.compiler.syntax.comments import ALLOW
from econda_edsl.diagnostics import Span
from econda_edsl.lint.rule import Finding, Program


@dataclass(frozen=True, slots=True)
class Allow:
    """`first` to `last` are the lines whose findings it silences."""

    span: Span
    ids: tuple[str, ...]
    reason: str
    first: int
    last: int

    def silences(self, finding: Finding) -> bool:
        return bool(self.reason) and finding.lint in self.ids and self.first <= finding.span.line <= self.last


def allows(program: Program) -> list[Allow]:
    """All such comments: beside a line for that line, above a declaration for all of it, above a
    `run` for its code, else for the next line."""
    layout = program.checked.layout
    found = [_read(program, line, text, line, line) for line, text in layout.beside.items()]
    starts = sorted(chunk.line for chunk in layout.chunks)
    for line, text in layout.remarks.items():
        below = line + 1
        while below in layout.remarks:
            below += 1
        last = below
        if below in starts:
            after = [n for n in starts if n > below]
            last = after[0] - 1 if after else len(program.lines)
        elif below <= len(program.lines) and CODE_HEADER.match(program.lines[below - 1].strip()):
            last = _end_of_code(program.lines, below)
        found.append(_read(program, line, text, below, last))
    return [a for a in found if a is not None]


def _end_of_code(lines: list[str], header: int) -> int:
    """The last line of the code under a `run`: a comment inside would be the code's own."""
    margin = len(lines[header - 1]) - len(lines[header - 1].lstrip(" "))
    last = header
    for number in range(header + 1, len(lines) + 1):
        text = lines[number - 1]
        if text.strip() and len(text) - len(text.lstrip(" ")) <= margin:
            break
        last = number
    return last


def _read(program: Program, line: int, text: str, first: int, last: int) -> Allow | None:
    match = ALLOW.match(text)
    if match is None:
        return None
    source = program.lines[line - 1]
    span = Span(line, source.rindex("##") + 1, line, len(source.rstrip()) + 1)
    ids = tuple(x.strip() for x in match["ids"].split(","))
    return Allow(span, ids, (match["reason"] or "").strip(), first, last)


def apply_allows(found: list[Finding], known: list[Allow]) -> Iterator[Finding]:
    """What no comment silences."""
    for finding in found:
        if not any(allow.silences(finding) for allow in known):
            yield finding
