"""A whole file in the one style: margins of four, one blank line at most, every comment where it belongs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from econda_edsl.compiler.parse.layout import SOURCE_BYTES, decode, lay_out, too_large
from econda_edsl.compiler.parse.parser import parse
from econda_edsl.diagnostics import Diagnostic, in_source_order
from econda_edsl.formatting.brackets import tree
from econda_edsl.formatting.statements import Remark, Statement, statements
from econda_edsl.formatting.tokens import Token, spread
from econda_edsl.formatting.wrapping import STEP, Writer

_LINE_END = re.compile(r"\r+\n")
_ONE_LINE = ("edsl", "let", "import", "alias")


@dataclass(frozen=True, slots=True)
class Formatted:
    """`source` as it was read and its `text` in the one style; `text` is None when it does not parse."""

    source: str
    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


def format_source(source: str | bytes) -> Formatted:
    """Format one file. Raises nothing for what a user wrote: what does not parse comes back with its diagnostics."""
    data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    if isinstance(source, bytes):
        text, problems = decode(data)
    else:
        text, problems = source.removeprefix("\ufeff"), [too_large(len(data))] if len(data) > SOURCE_BYTES else []
    if problems:
        return Formatted(text, None, in_source_order(problems))
    text = _LINE_END.sub("\n", text)
    layout, problems = lay_out(text)
    _, found = parse(layout)
    if problems or found:
        return Formatted(text, None, in_source_order(problems + found))
    work = _Format()
    for entry in statements(text, layout.bodies):
        if isinstance(entry, Remark):
            work.waiting.append(entry)
        else:
            work.statement(entry)
    work.remarks(0)
    return Formatted(text, "\n".join(work.lines) + "\n")


@dataclass(slots=True)
class _Format:
    """`margins` are those of the open blocks as the author wrote them; `waiting` the comments before a statement."""

    lines: list[str] = field(default_factory=list)
    margins: list[int] = field(default_factory=lambda: [0])
    waiting: list[Remark] = field(default_factory=list)
    kind: str = ""

    def statement(self, entry: Statement) -> None:
        opens = bool(self.lines) and entry.indent > self.margins[-1]
        level = len(self.margins) if opens else self.level(entry.indent)
        if level == 0:
            self.declaration(entry)
        self.remarks(level, first=opens)
        if opens:
            self.margins.append(entry.indent)
        elif entry.blank and entry.first not in ("else", "until"):
            self.gap()
        del self.margins[level + 1 :]
        self.lines += _lines(entry, level * STEP)

    def level(self, indent: int) -> int:
        return max(i for i, margin in enumerate(self.margins) if margin <= indent)

    def remarks(self, following: int, *, first: bool = False) -> None:
        """Write the waiting comments, each at the block whose margin it had, before a statement at `following`.

        `first` tells that the statement opens a block: the comments stand inside it, without a blank line above.
        """
        for place, remark in enumerate(self.waiting):
            level = following if first else max(following, self.level(remark.indent))
            if remark.blank and not (first and place == 0):
                self.gap()
            self.lines.append(" " * (level * STEP) + remark.text)
        self.waiting.clear()

    def declaration(self, entry: Statement) -> None:
        """A blank line before a declaration or the comments above it, unless both it and the last are one line."""
        kind = _kind(entry)
        together = [r for r in self.waiting if self.level(r.indent) == 0]
        apart = kind != self.kind or kind not in _ONE_LINE
        if self.kind and apart and not entry.blank and not any(r.blank for r in together):
            (together[0] if together else entry).blank = True
        self.kind = kind

    def gap(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")


def _kind(entry: Statement) -> str:
    if entry.first == "type" and any(token.text == "=" for token in entry.tokens[:3]):
        return "alias"
    return "import" if entry.first == "from" else entry.first


def _lines(entry: Statement, indent: int) -> list[str]:
    tokens = entry.tokens
    if tokens[0].kind == "doc":
        tokens = [Token("doc", _moved(tokens[0].text, indent - entry.indent)), *tokens[1:]]
    spread(tokens)
    out = Writer().statement(tree(tokens), indent)
    margin = " " * (indent + STEP)
    return out + [margin + line if line else "" for line in entry.body]


def _moved(doc: str, by: int) -> str:
    """A doc string moved with its block: its lines keep their places among each other."""
    first, *rest = doc.split("\n")
    rest = [line.rstrip() for line in rest]
    room = min((len(line) - len(line.lstrip(" ")) for line in rest if line), default=0)
    by = max(by, -room)
    rest = [" " * by + line if by > 0 and line else line[-by:] if by < 0 else line for line in rest]
    return "\n".join([first, *rest])
