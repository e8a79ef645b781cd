"""A statement written over one line if it fits, else with its longest brackets opened, one element per line.

Which brackets open because of the width depends on the words alone, not on line breaks, comments or commas at an
end; so formatting what was formatted changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from econda_edsl.formatting.brackets import Group, Item, flat, is_comment
from econda_edsl.formatting.tokens import Token

WIDTH = 120
STEP = 4
# Where an element that is too long may break: before the loosest of its operators.
_LOOSEST = (("for", "if", "else"), ("??",), ("or",), ("and",), ("+", "-"), ("|",))


@dataclass(slots=True)
class Writer:
    """Lines under construction; `current` is the last of them, `commented` once a comment ends it."""

    lines: list[str] = field(default_factory=list)
    current: str = ""
    commented: bool = False

    def statement(self, items: Sequence[Item], indent: int) -> list[str]:
        """The lines of a statement."""
        self.current = " " * indent
        # Nothing may break between the values of a `return`; to open brackets inside them would only scatter them.
        scattered = flat(items[:1]) == "return" and any(isinstance(i, Token) and i.text == "," for i in items)
        self.items(items, indent, indent, -len(flat(items)) if scattered else 0, set())
        self.line(0)
        return self.lines

    def line(self, indent: int) -> None:
        """Begin a new line, unless nothing was written on the last one."""
        if self.current.strip():
            self.lines.append(self.current.rstrip())
        self.current = " " * indent
        self.commented = False

    def put(self, text: str, space: bool) -> None:
        self.current += f" {text}" if space and self.current.strip() else text

    def comment(self, comment: Token, indent: int) -> None:
        if comment.own_line or self.commented or not self.current.strip():
            self.line(indent)
            if comment.blank and self.lines and self.lines[-1]:
                self.lines.append("")
            self.current += comment.text
        else:
            self.current += f"  {comment.text}"
        self.commented = True

    def items(self, items: Sequence[Item], indent: int, after: int, reserve: int, breaks: set[int]) -> None:
        """Write items from a margin of `indent`; what follows a comment or a break stands at `after`.

        `reserve` is the room that what follows on the line needs; `breaks` are the places that begin a line.
        """
        opened = _too_wide(items, indent, reserve, breaks)
        for place, item in enumerate(items):
            if place in breaks:
                self.line(after)
            if isinstance(item, Group):
                self.put(item.opener.text, item.space)
                if item.kept or place in opened:
                    self.group(item, len(self.current) - len(self.current.lstrip(" ")))
                else:
                    self.current += item.flat[1:]
            elif is_comment(item):
                self.comment(item, after)
                if indent != after or item is not items[-1]:
                    self.line(after)
            else:
                self.put(item.text, item.space)

    def group(self, group: Group, margin: int) -> None:
        """The elements of an open bracket and the bracket that closes it."""
        inner = margin + STEP
        for comment in group.beside:
            self.comment(comment, inner)
        count = sum(any(not is_comment(item) for item in e.items) for e in group.elements)
        for place, element in enumerate(group.elements):
            self.line(inner)
            if place and element.blank and not is_comment(element.items[0]) and self.lines[-1]:
                self.lines.append("")
            self.element(element.items, inner, single=count == 1)
            more = place + 1 < count or (group.comma and place + 1 == count)
            if more:
                self.current += ","
            for comment in element.beside:
                self.comment(comment, inner)
        self.line(margin)
        self.put(group.closer.text, False)

    def element(self, items: Sequence[Item], margin: int, *, single: bool) -> None:
        """An element at `margin`; what it carries over stands deeper, if it has neighbours."""
        lead = 0
        while lead < len(items) and is_comment(items[lead]):
            comment = items[lead]
            assert isinstance(comment, Token)
            self.comment(comment, margin)
            self.line(margin)
            lead += 1
        rest = items[lead:]
        breaks = _operators(rest) if margin + len(flat(rest)) + 1 > WIDTH else set()
        if rest:
            self.items(rest, margin, margin if single else margin + STEP, 1, breaks)


def _operators(items: Sequence[Item]) -> set[int]:
    """The places of the loosest operators between values."""
    for words in _LOOSEST:
        found = {
            place
            for place, item in enumerate(items)
            if place and isinstance(item, Token) and item.text in words and not item.value and _joins(items, place)
        }
        if found:
            return found
    return set()


def _joins(items: Sequence[Item], place: int) -> bool:
    """Whether the operator stands after a value, so is not the sign of a number."""
    before = next((item for item in reversed(items[:place]) if not is_comment(item)), None)
    return before is not None and (isinstance(before, Group) or before.value)


def _too_wide(items: Sequence[Item], indent: int, reserve: int, breaks: set[int]) -> set[int]:
    """The places of the brackets to open, the widest first, until every line that is left fits."""
    opened: set[int] = set()
    while True:
        choice = _widest(items, indent, reserve, breaks, opened)
        if choice is None:
            return opened
        opened.add(choice)


def _widest(items: Sequence[Item], indent: int, reserve: int, breaks: set[int], opened: set[int]) -> int | None:
    """The widest closed bracket of the first line that is too long and has one."""
    width, best, size = indent, None, 2
    for place, item in enumerate(items):
        if is_comment(item):
            continue
        if place in breaks:
            if width > WIDTH and best is not None:
                return best
            width, best, size = indent + STEP, None, 2
        text = item.flat if isinstance(item, Group) else item.text
        width += len(text) + (item.space and place > 0)
        if not isinstance(item, Group):
            continue
        if place in opened:
            if width - len(text) + 1 > WIDTH and best is not None:
                return best
            width, best, size = indent + 1, None, 2
        elif len(text) > size:
            best, size = place, len(text)
    return best if width + reserve > WIDTH else None
