"""Where and on what the parser stopped."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from econda_edsl.diagnostics import Diagnostic, Span

_STOPPED_AT = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|&&|\|\||\+=|//|->|=>|==|<=|>=|!=|.")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where and on what the parser stopped; each rule looks at it and answers with a diagnostic or with None.

    `source` is the line, `before` what stands in it left of where the parser stopped, `word` what stands there.
    """

    kind: str
    lines: list[str]
    line: int
    column: int
    offset: Span
    expected: AbstractSet[str]

    @property
    def source(self) -> str:
        return self.lines[self.line - 1] if self.line <= len(self.lines) else ""

    @property
    def before(self) -> str:
        return self.source[: self.column - 1]

    @property
    def word(self) -> str:
        match = _STOPPED_AT.match(self.source, self.column - 1)
        return match[0] if match else ""

    @property
    def at_end(self) -> bool:
        return self.kind in ("_NL", "$END", "_DEDENT") or self.column > len(self.source)

    @property
    def margin(self) -> int:
        """The column at which the line's text begins."""
        return len(self.source) - len(self.source.lstrip()) + 1

    def diagnostic(
        self, code: str, message: str, label: str = "", help: str = "", *, at: int = 0, width: int = 0, line: int = 0
    ) -> Diagnostic:
        """Something wrong where the parser stopped, or at another column or line."""
        width = width or max(1, 0 if self.at_end else len(self.word))
        start = (at or self.column) + (self.offset.column if (line or self.line) == 1 else 0)
        line = (line or self.line) + self.offset.line
        return Diagnostic(code, message, Span(line, start, line, start + width), label, help=help)
