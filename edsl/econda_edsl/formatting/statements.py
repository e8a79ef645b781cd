"""A source as statements and comment lines, each with the margin it had and the code body under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from econda_edsl.compiler.parse.layout import CODE_HEADER
from econda_edsl.formatting.tokens import CLOSERS, OPENERS, TOKEN, Token


@dataclass(slots=True)
class Remark:
    """A comment on a line of its own, outside all brackets."""

    indent: int
    blank: bool
    text: str


@dataclass(slots=True)
class Statement:
    """One logical line. `body` is the code under a `run <language>:`, without its margin."""

    indent: int
    blank: bool
    tokens: list[Token]
    body: list[str] = field(default_factory=list)

    @property
    def first(self) -> str:
        return self.tokens[0].text


def statements(text: str, bodies: Sequence[str]) -> Iterator[Statement | Remark]:
    """Split a source that parses. `bodies` are its code bodies in order, as the layout lifted them."""
    position, blank, lifted = 0, False, iter(bodies)
    while position < len(text):
        end = text.find("\n", position)
        line = text[position : end if end >= 0 else len(text)]
        start = line.lstrip(" ")
        indent = len(line) - len(start)
        if not start.strip():
            position, blank = position + len(line) + 1, True
            continue
        if start.startswith("#"):
            yield Remark(indent, blank, start.rstrip())
            position += len(line) + 1
        else:
            tokens, position = _tokens(text, position + indent)
            body: list[str] = []
            if CODE_HEADER.match(start):
                body = next(lifted).split("\n")[:-1]
                position = _after(text, position, len(body))
            yield Statement(indent, blank, tokens, body)
        blank = False


def _after(text: str, position: int, lines: int) -> int:
    for _ in range(lines):
        end = text.find("\n", position)
        position = end + 1 if end >= 0 else len(text)
    return position


def _tokens(text: str, position: int) -> tuple[list[Token], int]:
    """The tokens of the statement at `position`, and where the next line begins."""
    tokens: list[Token] = []
    depth = newlines = 0
    while match := TOKEN.match(text, position):
        position, kind = match.end(), match.lastgroup or ""
        if kind == "newline":
            if depth == 0:
                break
            newlines += 1
        elif kind != "gap":
            word = match[0].rstrip() if kind == "comment" else match[0]
            tokens.append(Token(kind, word, newlines > 0, newlines > 1))
            newlines = 0
            if kind == "sign":
                depth += (word in OPENERS) - (word in CLOSERS)
    return tokens, position
