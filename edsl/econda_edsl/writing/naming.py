"""Names of other systems as names of EDSL: readable, never a word of the language, never two the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from econda_edsl.words import prelude

LONGEST = 60
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME = re.compile(r"[a-z_][A-Za-z0-9_]*")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_UNFIT = frozenset(
    {*prelude.RESERVED, *prelude.FUNCTIONS, *prelude.TASK, *prelude.NEEDS, *prelude.FOREACH, "node", "event"}
)


class Names:
    """Gives every name once. Names that differ only by case count as the same, as they do on some disks."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}
        self._next: dict[str, int] = {}

    def keep(self, wanted: str, fallback: str = "step") -> str:
        """`wanted` as it is, if it is a name of the language that is free; else like `take`."""
        if _NAME.fullmatch(wanted) and wanted not in prelude.RESERVED and wanted.casefold() not in self._taken:
            self._taken.add(wanted.casefold())
            return wanted
        return self.take(wanted, fallback)

    def take(self, wanted: str, fallback: str = "step") -> str:
        """A name near `wanted` that nobody has yet; `fallback` where nothing of it can be kept."""
        stem = fitting(wanted, fallback)
        name, number = stem, self._next.get(stem, 2)
        while name.casefold() in self._taken:
            name = f"{stem}_{number}"
            number += 1
        self._next[stem] = number
        self._taken.add(name.casefold())
        return name


def fitting(wanted: str, fallback: str = "step") -> str:
    """`wanted` in snake case and ASCII, at most 60 characters, no word of the language."""
    plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode()
    words = [_CAMEL.sub("_", word) for word in _OTHER.split(plain) if word]
    name = "_".join(words).lower()[:LONGEST].strip("_") or fallback
    if not name[0].isalpha():
        name = f"{fallback}_{name}"
    return f"{name}_" if name in _UNFIT else name


def type_name(wanted: str, fallback: str = "Record") -> str:
    """`wanted` as a name of a type."""
    return "".join(part[0].upper() + part[1:] for part in fitting(wanted, fallback.lower()).split("_") if part)
