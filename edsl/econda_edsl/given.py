"""What a parameter is given as, before its type is known: the text that stands somewhere, and where that is."""

from __future__ import annotations

from typing import Any, NamedTuple


class Plain(str):
    """A scalar without quotes, as it stands in a file or on the command line: only the declared type says what it is.

    A `str` that is none of these stood in quotes, so it never means that there is no value.
    """

    __slots__ = ()


class Typed(NamedTuple):
    """A value that is read and checked already."""

    value: Any


class Called(dict[str, Any]):
    """The fields of a record that was written with the name of its type: `Options(rate = 0.5)`."""

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.name = name


class Given(NamedTuple):
    """`value` is text, typed data, or lists and mappings of these; `origin` says where it stands, for messages.

    Paths in it start at the folder `base`.
    """

    value: Any
    origin: str = ""
    base: str = ""


def as_given(raw: object) -> Given:
    """A raw value, of which nobody said where it comes from."""
    return raw if isinstance(raw, Given) else Given(raw)


NOTHING = frozenset({"~", "null", "Null", "NULL", "none"})
"""Scalars without quotes that stand for no value, where a type is optional."""
