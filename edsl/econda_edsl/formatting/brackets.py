"""The tokens of a statement as a tree of brackets and their elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from econda_edsl.formatting.tokens import CLOSERS, OPENERS, Token


@dataclass(slots=True)
class Element:
    """What stands between two commas. `beside` are the comments that follow it, before or after its comma."""

    items: list[Item] = field(default_factory=list)
    beside: list[Token] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        """Whether a blank line stood before it."""
        first = self.items[0] if self.items else None
        return (first.opener if isinstance(first, Group) else first).blank if first is not None else False


@dataclass(slots=True)
class Group:
    """A pair of brackets. `flat` is its text on one line, without comments and without a comma at the end.

    `comma` tells whether a list of more than one element may end with a comma; `kept` whether it must stand on
    several lines: it holds a comment, or the author ended it with a comma.
    """

    opener: Token
    closer: Token
    elements: list[Element]
    beside: list[Token]
    comma: bool
    kept: bool
    flat: str

    @property
    def space(self) -> bool:
        return self.opener.space


Item: TypeAlias = Token | Group


def tree(tokens: Sequence[Token]) -> list[Item]:
    """The items of a statement, its brackets balanced."""
    source = iter(tokens)
    items: list[Item] = []
    before: Token | None = None
    for token in source:
        items.append(_group(token, before, source) if _opens(token) else token)
        before = token if not _opens(token) else _end(items)
    return items


def flat(items: Sequence[Item]) -> str:
    """Items on one line; comments are left out."""
    out: list[str] = []
    for item in items:
        if isinstance(item, Token) and item.kind == "comment":
            continue
        if out and item.space:
            out.append(" ")
        out.append(item.flat if isinstance(item, Group) else item.text)
    return "".join(out)


def is_comment(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "comment"


def _opens(token: Token) -> bool:
    return token.kind == "sign" and token.text in OPENERS


def _end(items: list[Item]) -> Token:
    last = items[-1]
    return last.closer if isinstance(last, Group) else last


def _group(opener: Token, before: Token | None, source: Iterator[Token]) -> Group:
    elements, beside = [Element()], []
    last, commas = opener, 0
    for token in source:
        element = elements[-1]
        if token.kind == "sign" and token.text in CLOSERS:
            return _finished(opener, token, before, elements, beside, commas)
        if token.kind == "comment" and not token.own_line and last is opener:
            beside.append(token)
        elif token.kind == "comment" and not token.own_line and last.text == "," and last.kind == "sign":
            elements[-2].beside.append(token)
        elif token.kind == "sign" and token.text == ",":
            _part(element)
            elements.append(Element())
            commas += 1
        else:
            element.items.append(_group(token, last, source) if _opens(token) else token)
            token = _end(element.items)
        last = last if token.kind == "comment" else token
    raise ValueError("brackets that do not close; only programs that parse are formatted")


def _part(element: Element) -> None:
    """Set apart the comments that end an element, so that its comma can stand before them."""
    end = len(element.items)
    while end and is_comment(element.items[end - 1]):
        end -= 1
    if end:
        comments = [item for item in element.items[end:] if isinstance(item, Token)]
        element.beside = comments + element.beside
        del element.items[end:]


def _finished(
    opener: Token, closer: Token, before: Token | None, elements: list[Element], beside: list[Token], commas: int
) -> Group:
    _part(elements[-1])
    full = [e for e in elements if any(not is_comment(item) for item in e.items)]
    comma = len(full) > 1 and not (opener.text == "[" and before is not None and before.value)
    inside = [item for e in elements for item in e.items]
    kept = (
        bool(beside)
        or (comma and commas == len(full))
        or any(e.beside for e in elements)
        or any(item.kept if isinstance(item, Group) else is_comment(item) for item in inside)
    )
    text = opener.text + ", ".join(flat(e.items) for e in full) + closer.text
    return Group(opener, closer, [e for e in elements if e.items or e.beside], beside, comma, kept, text)
