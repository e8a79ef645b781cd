"""What a parameter is given as, before its type is known: the text that stands somewhere, and where that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Plain(str):
    """A scalar without quotes, as it stands in a file or on the command line: only the declared type says what it is.

    A `str` that is none of these stood in quotes, so it never means that there is no value.
    """

    __slots__ = ()


class Typed(NamedTuple):
    """A value that is read and checked already."""

    value: Any


class Bundled(NamedTuple):
    """Files of the bundle: `how` is `file`, `files` (then `path` is a pattern) or `dir`."""

    path: str
    how: str


class NotBrought(ValueError):
    """A file that cannot be taken as a parameter; the message says why, and what to do."""


class DataIn(Protocol):
    """Whoever puts files into the store of a run. `kind` is the type that is declared, such as `File`.

    All but `output` give the value that stands for a file in a plan, `{"$artifact": …}`. All raise `NotBrought`.
    """

    def named(self, text: str, kind: str, base: str) -> dict[str, Any]:
        """What a text names: a path that starts at the folder `base`, an address, an output of a run."""
        ...

    def output(self, text: str) -> Any:
        """An output of a run that is no file, by `run:RUN/output`, as parameters are written: quantities with their units."""
        ...

    def stored(self, artifact: dict[str, Any], kind: str) -> dict[str, Any]:
        """What lies in the store already."""
        ...

    def bundled(self, path: str, kind: str) -> dict[str, Any]:
        """A file or folder of the bundle."""
        ...

    def matching(self, pattern: str) -> Sequence[str]:
        """The files of the bundle that a pattern means."""
        ...


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


def as_raw(value: Any) -> Any:
    """A value of a plan as a raw one, of which parts may be changed."""
    if is_bundled(value):
        return Bundled(value["$bundled"], value["as"])
    if isinstance(value, dict) and "$artifact" not in value:
        return {key: as_raw(each) for key, each in value.items()}
    return [as_raw(each) for each in value] if isinstance(value, list) else Typed(value)


def is_bundled(value: Any) -> bool:
    """Whether a value of a plan stands for files of its bundle."""
    return isinstance(value, dict) and value.keys() == {"$bundled", "as"}


NOTHING = frozenset({"~", "null", "Null", "NULL", "none"})
"""Scalars without quotes that stand for no value, where a type is optional."""
