"""Where a code body stands in its file, so that a place in the code is a place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from econda_edsl.diagnostics import Diagnostic, Span

_READERS = {"shell": "bash", "r": "R", "julia": "Julia"}


@dataclass(frozen=True, slots=True)
class Body:
    """The code below a `run <language>:` on line `header` of a file; its margin of so many spaces is taken off.

    `path` is that of an imported file; empty for the file compiled.
    """

    task: str
    language: str
    code: str
    header: int
    margin: int
    path: str = ""

    def span(self, line: int, column: int, end_line: int = 0, end_column: int = 0) -> Span:
        """The place in the file of one in the code; all count from 1, and what is beyond the code is its end."""
        lines, one = self.code.split("\n")[:-1], end_line == line
        last = max(1, len(lines))
        line = min(max(1, line), last)
        column = max(1, min(column, len(lines[line - 1]) + 1 if lines else 1))
        most = len(lines[line - 1]) + 1 if lines else 2
        end = min(end_column, most) if one and end_column > column else column + 1
        return Span(self.header + line, self.margin + column, self.header + line, self.margin + end)


def unreadable(body: Body, line: int, message: str, column: int = 1) -> Diagnostic:
    """What a language's own program says against a body that it cannot read."""
    text = f"the code of `{body.task}` cannot be read by {_READERS.get(body.language, body.language)}: {message}"
    return Diagnostic("E1105", text, body.span(line, column, line, 10_000), "here", path=body.path)


def margin_of(code: str, header: int, lines: Sequence[str]) -> int:
    """How many spaces stood before all lines of a code body, which begins below line `header` of a file."""
    count = code.count("\n")
    margins = (len(line) - len(line.lstrip(" ")) for line in lines[header : header + count] if line.strip())
    return min(margins, default=0)
