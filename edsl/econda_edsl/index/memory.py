"""Declarations kept from one version of a text to the next: an edit costs the parsing of what it touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.layout import Chunk, Layout
from econda_edsl.diagnostics import Diagnostic, Span

_BODY = re.compile(r"\x01(\d+)\x01")
_Key = tuple[str, tuple[str, ...], tuple[tuple[int, str], ...]]


class Memory:
    """Remembers the declarations of the last two versions of one text. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._now: dict[_Key, tuple[int, s.Declaration | None, list[Diagnostic]]] = {}
        self._before: dict[_Key, tuple[int, s.Declaration | None, list[Diagnostic]]] = {}

    def turn(self) -> None:
        """Begin a new version: what the version before the last one had is forgotten."""
        self._before, self._now = self._now, {}

    def recall(
        self, chunk: Chunk, layout: Layout, parse: Callable[[list[Diagnostic]], s.Declaration | None]
    ) -> tuple[s.Declaration | None, list[Diagnostic]]:
        """The declaration of a chunk, moved to its line, and what is wrong with it; parsed if it is new."""
        key = _key(chunk, layout)
        line, declaration, found = self._now.get(key) or self._before.get(key) or (0, None, [])
        if line and (line == chunk.line or not found):
            if line != chunk.line and declaration is not None:
                declaration = _moved(declaration, chunk.line - line)
        else:
            found = []
            declaration = parse(found)
        self._now[key] = (chunk.line, declaration, found)
        return declaration, found


def _key(chunk: Chunk, layout: Layout) -> _Key:
    """All that a declaration is made of, with lines counted from its first."""
    bodies = tuple(layout.bodies[int(n)] for n in _BODY.findall(chunk.text))
    first = chunk.line
    while first - 1 in layout.remarks:
        first -= 1
    lines = range(first, chunk.line + chunk.text.count("\n"))
    remarks = tuple(
        (line - chunk.line, text) for of in (layout.remarks, layout.beside) for line in lines if (text := of.get(line))
    )
    return _BODY.sub("\x01", chunk.text), bodies, remarks


def _moved(value: Any, by: int) -> Any:
    if isinstance(value, Span):
        return Span(value.line + by, value.column, value.end_line + by, value.end_column)
    if isinstance(value, tuple):
        return tuple(_moved(item, by) for item in value)
    if not isinstance(value, s.Syntax):
        return value
    return type(value)(*[_moved(getattr(value, name), by) for name in value.__struct_fields__])
