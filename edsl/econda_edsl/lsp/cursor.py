"""Where in a text the cursor stands, read from the text before it alone: it need not parse, nobody has finished typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from econda_edsl.compiler.parse.layout import CODE_HEADER
from econda_edsl.formatting.tokens import CLOSERS, OPENERS, TOKEN

_NOT_SPACE = ("newline", "gap")


@dataclass(frozen=True, slots=True)
class Word:
    kind: str
    text: str
    line: int
    column: int


@dataclass(slots=True)
class Call:
    """An open bracket: what stands before it, and the words inside it so far."""

    opener: str
    before: tuple[Word, ...]
    words: list[Word] = field(default_factory=list)

    @property
    def callee(self) -> str:
        """The name before the bracket, with its module."""
        if not self.before or self.before[-1].kind != "word":
            return ""
        name = self.before[-1].text
        if len(self.before) > 2 and self.before[-2].text == "." and self.before[-3].kind == "word":
            return f"{self.before[-3].text}.{name}"
        return name

    @property
    def setting(self) -> str:
        """`name` in `name = [`."""
        return self.before[-2].text if len(self.before) > 1 and self.before[-1].text == "=" else ""

    @property
    def active(self) -> int:
        """Which argument is being written, from 0."""
        return sum(word.text == "," for word in self.words)

    @property
    def argument(self) -> list[Word]:
        """The words of that argument."""
        commas = [i for i, word in enumerate(self.words) if word.text == ","]
        return self.words[commas[-1] + 1 :] if commas else self.words

    @property
    def named(self) -> set[str]:
        """Names given as `name = …` so far."""
        pairs = zip(self.words, self.words[1:])
        return {a.text for a, b in pairs if a.kind == "word" and b.text == "="}


@dataclass(slots=True)
class Cursor:
    """`region` is code, comment, string, doc or embedded (the code of a task).

    `partial` is the word being typed; `words` those before it in the statement; `calls` the open brackets, outermost
    first; `blocks` the first words of the statements around, outermost first.
    """

    region: str = "code"
    partial: str = ""
    words: list[Word] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    @property
    def before(self) -> str:
        """The word or sign before the one being typed."""
        return self.words[-1].text if self.words else ""

    @property
    def starts(self) -> bool:
        """Whether a statement begins here."""
        return not self.words


@dataclass(slots=True)
class _Statement:
    indent: int
    words: list[Word] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @property
    def head(self) -> str:
        """What block it opens: its first word, or `foreach` behind the name it binds."""
        texts = [w.text for w in self.words[:3]]
        if len(texts) == 3 and texts[1] == "=" and texts[2] == "foreach":
            return "foreach"
        if texts[:1] and texts[0] not in _HEADS and self.words[-2:-1] and self.words[-2].text == "with":
            return "step with"
        return texts[0] if texts else ""


_HEADS = frozenset(
    {"task", "pipeline", "operator", "foreach", "when", "else", "repeat", "with", "needs", "state", "on"}
)


def cursor_at(lines: Sequence[str], line: int, column: int) -> Cursor:
    """Where the cursor stands; line and column from 1."""
    first = line
    while first > 1 and not _opens_declaration(lines[first - 1]):
        first -= 1
    scan = _Scan()
    for number in range(first, line + 1):
        text = lines[number - 1] if number <= len(lines) else ""
        scan.line(number, text[: column - 1] if number == line else text, last=number == line)
    return scan.cursor(column)


def _opens_declaration(text: str) -> bool:
    return bool(text) and text[0] not in " )]}#\t"


@dataclass(slots=True)
class _Scan:
    statements: list[_Statement] = field(default_factory=list)
    doc: bool = False
    body: int | None = None
    region: str = "code"
    last: str = ""

    def line(self, number: int, text: str, *, last: bool) -> None:
        self.region = "code"
        if self.doc:
            self.in_doc(text, number)
            return
        stripped = text.lstrip(" ")
        indent = len(text) - len(stripped)
        if self.body is not None:
            if (not stripped and not last) or indent > self.body:
                self.region, self.last = "embedded", text
                return
            self.body = None
        now = self.statements[-1] if self.statements else None
        if now is None or not now.calls or (stripped and stripped[0] not in ")]}" and indent <= now.indent):
            if not stripped and not last:
                return
            while self.statements and self.statements[-1].indent >= indent:
                self.statements.pop()
            self.statements.append(_Statement(indent))
        if CODE_HEADER.match(stripped) and not last:
            self.body = indent
        self.words(text, number)

    def in_doc(self, text: str, number: int) -> None:
        end = text.find('"""')
        self.region = "doc"
        if end >= 0:
            self.doc, self.region = False, "code"
            self.words(" " * (end + 3) + text[end + 3 :], number)

    def words(self, text: str, number: int) -> None:
        self.last = text
        statement = self.statements[-1] if self.statements else _Statement(0)
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            assert match is not None
            kind = match.lastgroup or ""
            if text.startswith('"""', position) and kind != "doc":
                self.doc, self.region = True, "doc"
                return
            if match[0] == '"':
                hole = _open_hole(text[position + 1 :])
                if hole is None:
                    self.region = "string"
                    return
                # Inside `{…}` of a string stands an expression.
                position += 1 + hole
                continue
            position = match.end()
            if kind == "comment":
                self.region = "comment"
            elif kind not in _NOT_SPACE:
                self.take(statement, Word("word" if kind == "word" else kind, match[0], number, match.start() + 1))

    def take(self, statement: _Statement, word: Word) -> None:
        if word.text in CLOSERS and statement.calls:
            call = statement.calls.pop()
            (statement.calls[-1].words if statement.calls else []).append(word)
            if OPENERS.get(call.opener) != word.text:
                statement.calls.clear()
        else:
            if statement.calls:
                statement.calls[-1].words.append(word)
            if word.text in OPENERS:
                statement.calls.append(Call(word.text, tuple(statement.words[-3:])))
        statement.words.append(word)

    def cursor(self, column: int) -> Cursor:
        if self.region != "code" or not self.statements:
            return Cursor(self.region)
        statement = self.statements[-1]
        words, partial = list(statement.words), ""
        calls = list(statement.calls)
        if (
            words
            and words[-1].kind in ("word", "number")
            and self.last
            and not self.last[-1].isspace()
            and (words[-1].column + len(words[-1].text) == column)
        ):
            partial = words.pop().text
            if calls and calls[-1].words:
                calls[-1].words.pop()
        blocks = [s.head for s in self.statements[:-1]]
        return Cursor("code", partial, words, calls, blocks)


def _open_hole(rest: str) -> int | None:
    """Where the expression of an open `{` begins in the rest of a string that is not closed; None if none is open."""
    start = None
    i = 0
    while i < len(rest):
        if rest[i] == "\\" or (rest[i : i + 2] in ("{{", "}}") and start is None):
            i += 1
        elif rest[i] == "{":
            start = i + 1
        elif rest[i] == "}":
            start = None
        i += 1
    return start
