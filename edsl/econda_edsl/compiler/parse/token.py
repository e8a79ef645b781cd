"""A word or sign of the text, and where it stands."""

from __future__ import annotations


class Token(str):
    """Text of one kind. Lines and columns count from 1, those of the end are exclusive."""

    __slots__ = ("column", "end_column", "end_line", "line", "type")

    type: str
    line: int
    column: int
    end_line: int
    end_column: int


_new = str.__new__


def token(kind: str, text: str, place: tuple[int, int, int, int]) -> Token:
    """`place` is line, column, line of the end, column of the end."""
    found = _new(Token, text)
    found.type = kind
    found.line, found.column, found.end_line, found.end_column = place
    return found
