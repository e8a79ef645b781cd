"""Lines before grammar: code bodies out, comments out, brackets balanced, margins checked.

No lexer ever sees foreign code: the lines under `run <language>:` are lifted out as they are, and empty
lines stay behind so that positions remain true. The result is one chunk of clean text per declaration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from econda_edsl.diagnostics import Diagnostic, Span

SOURCE_BYTES = 1024 * 1024
BRACKETS_DEEP = 64
BLOCKS_DEEP = 32

CODE_HEADER = re.compile(r"run +[a-z_]+ *: *(?:#.*)?$")
_TOKEN = re.compile(r'"""|"(?:[^"\\]|\\.)*"|"|#|[()\[\]{}]|[\x00-\x08\x0b-\x1f\x7f]|\t')
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """The clean text of one declaration; its first line is line `line` of the source."""

    line: int
    text: str
    broken: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """`bodies` are the lifted code bodies; `remarks` are `##` comments on lines of their own, by line,
    `beside` those that follow code."""

    chunks: tuple[Chunk, ...]
    bodies: tuple[str, ...]
    remarks: dict[int, str]
    beside: dict[int, str]


def decode(data: bytes) -> tuple[str, list[Diagnostic]]:
    """Source bytes as text with `\\n` line ends; a byte-order mark is dropped."""
    if len(data) > SOURCE_BYTES:
        return "", [too_large(len(data))]
    try:
        return normalise(data.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8-sig", "replace")
        line, column = good.count("\n") + 1, len(good) - (good.rfind("\n") + 1) + 1
        span = Span(line, column, line, column + 1)
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        help_ = "save the file as UTF-8"
        return data.decode("utf-8", "replace"), [Diagnostic("E0113", message, span, "cannot be decoded", help=help_)]


def normalise(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def too_large(size: int) -> Diagnostic:
    return Diagnostic(
        "E0115",
        f"the source has {size:,} bytes, the limit is {SOURCE_BYTES:,}",
        Span(1, 1, 1, 2),
        "this file",
        help="move data and code bodies to files of a bundle",
    )


def lay_out(text: str) -> tuple[Layout, list[Diagnostic]]:
    """Split normalised text into declarations. Stops at the first nesting that is too deep."""
    scan = _Scan(text.split("\n"))
    scan.run()
    return Layout(tuple(scan.chunks), tuple(scan.bodies), scan.remarks, scan.beside), scan.diagnostics


class _TooDeep(Exception):
    pass


@dataclass(slots=True)
class _Scan:
    lines: list[str]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    remarks: dict[int, str] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)
    first: int = 0
    broken: bool = False
    doc: Span | None = None
    brackets: list[tuple[str, Span, int]] = field(default_factory=list)
    indents: list[int] = field(default_factory=lambda: [0])

    def run(self) -> None:
        number = 0
        try:
            while number < len(self.lines):
                number = self.line(number)
        except _TooDeep:
            self.chunks.append(Chunk(self.first + 1, "", True))
            self.out = []
        else:
            if self.doc:
                self.error("E0106", "this doc string is never closed", self.doc, 'needs a closing `"""`')
            self.close_brackets()
        self.cut()

    def error(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))
        self.broken = True

    def cut(self) -> None:
        """End the current chunk."""
        if any(line.strip() for line in self.out):
            self.chunks.append(Chunk(self.first + 1, "\n".join(self.out) + "\n", self.broken))
        self.out, self.broken = [], False

    def line(self, number: int) -> int:
        """Take line `number` (from 0); returns the next one to take."""
        text = self.lines[number]
        if self.doc:
            end = text.find('"""')
            if end < 0:
                self.out.append(text)
                return number + 1
            self.doc = None
            return self.rest(number, end + 3)
        stripped = text.lstrip(" ")
        indent = len(text) - len(stripped)
        if not stripped.strip():
            # Any white space, also such as the parser would take for text.
            self.out.append("")
            return number + 1
        if stripped.startswith("#"):
            return self.rest(number, 0)
        if stripped.startswith("\t"):
            self.margin_tab(number, indent)
            return self.rest(number, 0)
        if self.brackets and not self.continues(indent, stripped):
            self.close_brackets()
        if not self.brackets:
            self.margin(number, indent)
            if CODE_HEADER.match(stripped):
                return self.body(number, indent)
        return self.rest(number, 0)

    def margin_tab(self, number: int, indent: int) -> None:
        span = Span(number + 1, indent + 1, number + 1, indent + 2)
        self.error("E0103", "a tab in the margin", span, "tab", "indent with spaces only, four per level")

    def continues(self, indent: int, stripped: str) -> bool:
        """Whether a line belongs to the open bracket: deeper than its line, or a closing bracket."""
        return indent > self.brackets[0][2] or stripped[0] in ")]}"

    def close_brackets(self) -> None:
        if self.brackets:
            opener, span, _ = self.brackets[-1]
            help_ = f"add the `{_CLOSERS[opener]}`; lines inside brackets are indented deeper than their first line"
            self.error("E0104", f"`{opener}` is never closed", span, f"needs a `{_CLOSERS[opener]}`", help_)
            self.brackets.clear()

    def margin(self, number: int, indent: int) -> None:
        if indent == 0:
            self.cut()
            self.first, self.indents = number, [0]
            return
        if indent > self.indents[-1]:
            self.indents.append(indent)
            if len(self.indents) > BLOCKS_DEEP:
                span = Span(number + 1, indent + 1, number + 1, indent + 2)
                self.error("E0109", f"blocks are nested more than {BLOCKS_DEEP} deep", span, "too deep")
                raise _TooDeep
            return
        closed = [self.indents[-1]]
        while indent < self.indents[-1]:
            closed.append(self.indents.pop())
        if indent != self.indents[-1]:
            span = Span(number + 1, 1, number + 1, indent + 1)
            levels = f"{self.indents[-1]} or {closed[-1]}"
            self.error(
                "E0102",
                "this indentation matches no open block",
                span,
                f"{indent} spaces",
                f"indent it by {levels} spaces, like a line above",
            )
            self.indents.append(indent)

    def body(self, number: int, indent: int) -> int:
        """Lift the code under a `run <language>:` header."""
        end = number + 1
        while end < len(self.lines) and (
            not self.lines[end].strip() or len(self.lines[end]) - len(self.lines[end].lstrip(" ")) > indent
        ):
            end += 1
        code = self.lines[number + 1 : end]
        while code and not code[-1].strip():
            code.pop()
            end -= 1
        header = self.lines[number].split("#")[0].rstrip()
        if not code:
            self.error(
                "E0117",
                "this code body is empty",
                Span(number + 1, indent + 1, number + 1, len(header) + 1),
                "no lines below",
                "indent the code deeper than `run`",
            )
        depth = min((len(c) - len(c.lstrip(" ")) for c in code if c.strip()), default=0)
        self.out.append(f"{header} \x01{len(self.bodies)}\x01")
        self.out += [""] * (end - number - 1)
        self.bodies.append("\n".join(c[depth:].rstrip("\r") for c in code) + "\n")
        for i, c in enumerate(code):
            if "\0" in c:
                at = Span(number + 2 + i, c.index("\0") + 1, number + 2 + i, c.index("\0") + 2)
                self.error("E0114", "a NUL character", at, "remove it")
        return end

    def rest(self, number: int, start: int) -> int:
        """Scan a line from `start` for strings, docs, comments and brackets."""
        text, end = self.lines[number], None
        position = start
        while match := _TOKEN.search(text, position):
            token, column = match[0], match.start()
            position = match.end()
            span = Span(number + 1, column + 1, number + 1, position + 1)
            if token == "#":
                end = self.comment(number, column)
                break
            if token == '"""':
                close = text.find('"""', position)
                if close < 0:
                    self.doc = span
                    break
                position = close + 3
            elif token == '"':
                self.error("E0105", "this string is never closed", span, 'needs a closing `"` on this line')
                self.forget(number)
                break
            elif token[0] != '"':
                self.mark(token, span, len(text) - len(text.lstrip(" ")))
        self.out.append((text if end is None else text[:end]).rstrip(" ") if not self.doc else text)
        return number + 1

    def forget(self, number: int) -> None:
        """Take the brackets that a line has opened for closed: what closes them is in its string without an end."""
        self.brackets = [each for each in self.brackets if each[1].line != number + 1]

    def comment(self, number: int, column: int) -> int:
        text = self.lines[number][column:]
        if text.startswith("##"):
            own_line = not self.lines[number][:column].strip()
            (self.remarks if own_line else self.beside)[number + 1] = text.lstrip("#").strip()
        return column

    def mark(self, token: str, span: Span, indent: int) -> None:
        if token in _CLOSERS:
            self.brackets.append((token, span, self.brackets[0][2] if self.brackets else indent))
            if len(self.brackets) > BRACKETS_DEEP:
                self.error("E0109", f"brackets are nested more than {BRACKETS_DEEP} deep", span, "too deep")
                raise _TooDeep
        elif token in _OPENERS:
            self.closer(token, span)
        elif token == "\t":
            if not self.lines[span.line - 1][: span.column - 1].strip():
                return
            self.error("E0103", "a tab between words", span, "tab", "use spaces")
        else:
            name = "a NUL character" if token == "\0" else f"the control character 0x{ord(token):02x}"
            self.error("E0114", name, span, "remove it")

    def closer(self, token: str, span: Span) -> None:
        if not self.brackets:
            self.error("E0104", f"`{token}` closes nothing", span, "no open bracket before it")
            return
        opener, where, _ = self.brackets.pop()
        if opener != _OPENERS[token]:
            self.error(
                "E0104",
                f"`{opener}` is closed by `{token}`",
                where,
                f"needs a `{_CLOSERS[opener]}`",
                f"line {span.line}, column {span.column} has `{token}` instead",
            )
