"""A text whose syntax is wrong, made readable, so that one error of syntax does not hide the others of its declaration.

Lines stay where they are. One that does not parse is replaced by a stand-in, and what is found then is believed as far as
it cannot come of the stand-ins: `Mended.credible`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.habits import type_at
from econda_edsl.compiler.parse.layout import Chunk, Layout, lay_out
from econda_edsl.compiler.parse.parser import Memo, Parsed, parse
from econda_edsl.compiler.parse.stand_ins import bound_in, of_field, of_header, of_line
from econda_edsl.diagnostics import Diagnostic, Span

ROUNDS = 12
DECLARATIONS = 20
"""So many declarations are mended: no more errors than that are shown."""
ERRORS = 20
"""A declaration with more errors of syntax is not looked into."""
_CHAINED = frozenset({"except", "catch", "finally", "else", "elif", "elsif"})
_GIVEN_UP = frozenset({"E0505", "E0103", "E0106", "E0109", "E0113", "E0114", "E0115"})
_KEPT = ("task", "operator", "pipeline", "policy", "pool", "connector", "secret", "trigger", "let", "type")
_WORD = re.compile(r"[A-Za-z_]\w*")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|#|[()\[\]{}]|"')
_OF_NAMES = frozenset({"E0201", "E0302", "E0204"})
_OF_ABSENCE = frozenset({"E0504", "E0505", "E0506", "E0507", "E0508", "E0509", "E0510", "E0511", "E0208", "E0503"})  # fmt: skip


class _Lost(NamedTuple):
    """What is in lines that have stand-ins: all words, the names they bind, and what they may test for `none`.

    `declarations` are the first lines of those that have such lines, each with whether one of them is a `carry`.
    """

    words: frozenset[str]
    bound: frozenset[str]
    tested: frozenset[str]
    declarations: dict[int, bool]


@dataclass(slots=True)
class Mended:
    """`text` has a stand-in for each line in `changed`; `further` are errors of syntax that others had hidden.

    `whole` is whether all declarations are in it, with what they take and give. Of lines that are `dubious` only what is
    said about names counts.
    """

    text: str
    lines: list[str]
    changed: set[int] = field(default_factory=set)
    dubious: set[int] = field(default_factory=set)
    starts: list[int] = field(default_factory=list)
    further: list[Diagnostic] = field(default_factory=list)
    whole: bool = True

    def credible(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Those errors that are of what is written."""
        lines = [self.lines[n - 1] for n in self.changed]
        declarations: dict[int, bool] = {}
        for n in self.changed:
            carries = self.lines[n - 1].lstrip().startswith("carry")
            declarations[self.first_of(n)] = declarations.get(self.first_of(n), False) or carries
        lost = _Lost(
            frozenset(word for line in lines for word in _WORD.findall(line)),
            frozenset(word for line in lines if bound_in(line) for word in bound_in(line)),
            frozenset(word for line in lines if "none" in line for word in _WORD.findall(line)),
            declarations,
        )
        return [d for d in found if self._is_credible(d, lost)]

    def _is_credible(self, d: Diagnostic, lost: _Lost) -> bool:
        line = d.span.line
        if line in self.changed or not 0 < line <= len(self.lines):
            return False
        if line in self.dubious and d.code not in _OF_NAMES:
            return False
        text = self.lines[line - 1]
        if d.code in _OF_ABSENCE or d.code.startswith("E04"):
            return self.first_of(line) not in lost.declarations
        if d.code in ("E0308", "E0315", "E0307") or d.code.startswith("E07"):
            return lost.bound.isdisjoint(_WORD.findall(text))
        if d.code in ("E0301", "E0303", "E0304", "E0305", "E0306"):
            return lost.tested.isdisjoint(_WORD.findall(text))
        if d.code == "E0201" and lost.declarations.get(self.first_of(line)):
            return False
        named = text[d.span.column - 1 : d.span.end_column - 1]
        return d.code not in ("E0201", "E0202", "E0203", "E0501", "E0502") or named not in lost.words

    def first_of(self, line: int) -> int:
        """The first line of the declaration of a line."""
        at = bisect_right(self.starts, line)
        return self.starts[at - 1] if at else 1

    def last_of(self, line: int) -> int:
        """The last line of the declaration of a line."""
        at = bisect_right(self.starts, line)
        return self.starts[at] - 1 if at < len(self.starts) else len(self.lines)


def mended(text: str, layout: Layout, problems: Sequence[Diagnostic]) -> Mended | None:
    """A text with stand-ins for what `problems` of syntax point at; None where that is not worth trying."""
    if any(d.code in ("E0109", "E0113", "E0115", "E0106") for d in problems):
        return None
    lines = text.split("\n")
    result = Mended(text, lines, starts=[chunk.line for chunk in layout.chunks])
    made = list(lines)
    wrong: dict[int, list[Diagnostic]] = {}
    for d in problems:
        if d.code != "E0116":
            wrong.setdefault(result.first_of(d.span.line), []).append(d)
    for tried, first in enumerate(sorted(wrong)):
        last = result.last_of(first)
        work = _Mending(lines, made, first, last)
        sound = tried < DECLARATIONS and work.mend(wrong[first])
        result.further += work.further
        result.changed.update(work.changed if sound else range(first, last + 1))
        result.dubious |= work.dubious
        if not sound:
            made[first - 1 : last] = [""] * (last - first + 1)
            result.whole = False
    result.text = "\n".join(made)
    return result


@dataclass(slots=True)
class _Mending:
    """One declaration, of the lines from `first` to `last`; `made` is changed in place."""

    lines: list[str]
    made: list[str]
    first: int
    last: int
    further: list[Diagnostic] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    dubious: set[int] = field(default_factory=set)
    shifts: dict[int, int] = field(default_factory=dict)
    lost: bool = False

    def mend(self, problems: Sequence[Diagnostic]) -> bool:
        """Whether the declaration parses now, and takes and gives what it did."""
        if not self.lines[self.first - 1].startswith(_KEPT):
            return False
        known = list(problems)
        for _ in range(ROUNDS):
            if (
                len(known) > ERRORS
                or any(d.code in _GIVEN_UP for d in problems)
                or not all(self.replace(d) for d in problems)
            ):
                return False
            problems = [self.moved(d) for d in self.read()]
            if not problems:
                return not self.lost
            self.further += [d for d in problems if self.is_new(d, known)]
            known += self.further
        return False

    def is_new(self, d: Diagnostic, known: Sequence[Diagnostic]) -> bool:
        typed = d.span.line in self.shifts and d.message.endswith("is not a type of EDSL")
        word = _WORD.match(self.lines[d.span.line - 1].lstrip()) if d.span.line <= len(self.lines) else None
        chained = word is not None and word[0] in _CHAINED and self.follows(d.span.line)
        return (d.span.line not in self.changed or typed) and d not in known and not chained

    def follows(self, line: int) -> bool:
        """Whether the block before a line has a stand-in for its header: what is chained to it is no other mistake."""
        above = (n for n in range(line - 1, self.first, -1) if self.lines[n - 1].strip())
        return next((n in self.changed for n in above if self.indent(n) <= self.indent(line)), False)

    def moved(self, d: Diagnostic) -> Diagnostic:
        """A diagnostic of a line in which types before it have been replaced, where it is in the text."""
        by = self.shifts.get(d.span.line, 0)
        if not by or d.span.end_line != d.span.line:
            return d
        span = Span(d.span.line, max(1, d.span.column - by), d.span.line, max(2, d.span.end_column - by))
        return Diagnostic(d.code, d.message, span, d.label, d.notes, d.help)

    def read(self) -> list[Diagnostic]:
        """What is wrong with the declaration as it is now."""
        text = "\n" * (self.first - 1) + "\n".join(self.made[self.first - 1 : self.last])
        layout, problems = lay_out(text)
        header = Chunk(1, "edsl 1\n", False)
        _, found = parse(Layout((header, *layout.chunks), layout.bodies, {}, {}))
        return [*problems, *found]

    def replace(self, d: Diagnostic) -> bool:
        """Put a stand-in where an error is. Whether there is one."""
        line = d.span.line
        if not self.first <= line <= self.last:
            return False
        if d.code == "E0102" and d.label == "unexpected indentation":
            self.blank(line, self.deeper(line, self.indent(line) - 1))
            return True
        if d.code == "E0102" and d.label != "expected an indented block":
            return False
        if d.code == "E0102":
            line = max((n for n in range(self.first, line) if self.made[n - 1].strip()), default=line)
        start, end = self.statement(line)
        if start in self.changed and start not in self.shifts:
            return False
        if start == self.first:
            return self.head(d, start, end)
        return self.body(start, end)

    def head(self, d: Diagnostic, start: int, end: int) -> bool:
        """Types of other languages become ours; else a header loses all but its name."""
        self.changed.update(range(start, end + 1))
        line = d.span.line
        found = type_at(self.made[line - 1], d.span.column + self.shifts.get(line, 0))
        if found is not None and d.message.endswith("is not a type of EDSL"):
            begin, stop, kind = found
            old = self.made[line - 1]
            self.made[line - 1] = old[:begin] + " " + kind + old[stop:]
            self.shifts[line] = self.shifts.get(line, 0) + len(self.made[line - 1]) - len(old)
            return True
        text = of_header(self.lines[start - 1])
        if text is None or text == self.made[start - 1]:
            return False
        self.lost = self.lost or not text.startswith("let")
        self.put(start, end, text)
        return True

    def body(self, start: int, end: int) -> bool:
        below = self.deeper(end + 1, self.indent(start))
        opens, line = below > end, self.lines[start - 1]
        if self.is_field(start):
            self.lost = True
            made = of_field(line, start)
        else:
            made = of_line(line, start, task=self.lines[self.first - 1].startswith(("task", "operator")), opens=opens)
        self.put(start, end, made.text)
        if opens and not made.keeps_block:
            self.blank(end + 1, below)
        elif opens and made.dubious:
            self.dubious.update(range(end + 1, below + 1))
        return True

    def is_field(self, number: int) -> bool:
        """Whether a line is of a record, or of the state of an operator."""
        if self.lines[self.first - 1].startswith("type"):
            return True
        above = (n for n in range(number - 1, self.first, -1) if self.made[n - 1].strip())
        header = next((n for n in above if self.indent(n) < self.indent(number)), self.first)
        return self.made[header - 1].strip() == "state:"

    def put(self, start: int, end: int, text: str) -> None:
        self.blank(start, end)
        self.made[start - 1] = text

    def blank(self, start: int, end: int) -> None:
        self.changed.update(range(start, end + 1))
        self.made[start - 1 : end] = [""] * (end - start + 1)

    def indent(self, number: int) -> int:
        line = self.lines[number - 1]
        return len(line) - len(line.lstrip(" "))

    def deeper(self, number: int, indent: int) -> int:
        """The last of the lines from `number` on that are indented deeper; the one before them if there are none."""
        found = number - 1
        for n in range(number, self.last + 1):
            if self.lines[n - 1].strip() and not self.lines[n - 1].lstrip().startswith("#"):
                if self.indent(n) <= indent:
                    break
                found = n
        return found

    def statement(self, number: int) -> tuple[int, int]:
        """The first and the last line of what a line belongs to: lines in brackets belong to the one that opens them."""
        start, depth = self.first, 0
        for n in range(self.first, self.last + 1):
            text = self.made[n - 1]
            if depth and text.strip() and self.indent(n) <= self.indent(start) and text.lstrip()[0] not in ")]}":
                depth = 0
            if not depth:
                if n > number:
                    return start, self._last_of(start, n - 1)
                if text.strip():
                    start = n
            depth = max(0, depth + _opened(text))
        return start, self._last_of(start, self.last)

    def _last_of(self, start: int, end: int) -> int:
        while end > start and not self.made[end - 1].strip():
            end -= 1
        return end


def _opened(line: str) -> int:
    """How many more brackets a line opens than it closes."""
    depth = 0
    for found in _BRACKETS.finditer(line):
        if found[0] in ("#", '"'):
            break
        depth += (found[0] in "([{") - (found[0] in ")]}") if len(found[0]) == 1 else 0
    return depth


def parsed_with_stand_ins(found: Mended, memo: Memo | None) -> tuple[s.Program, Layout]:
    """The declarations of a mended text, those that could not be mended aside."""
    layout, _ = lay_out(found.text)
    parsed: Parsed = parse(layout, memo)[0]
    return parsed.program, layout
