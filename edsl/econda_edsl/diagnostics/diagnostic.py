"""What a phase says about a program: a code, a message, one span, notes and one help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source. Lines and columns count from 1; `end_column` is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.line, self.column, other.end_line, other.end_column)


NOWHERE = Span(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error. `label` stands beside the carets; `notes` are whole lines under the picture.

    `path` is that of an imported file; empty for the file compiled.
    """

    code: str
    message: str
    span: Span
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str = ""
    path: str = ""


def in_source_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by file and position, those of the whole file last; drop exact repeats. The file compiled comes first."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda d: (d.path, d.span.line == 0, d.span.line, d.span.column, d.code)))
