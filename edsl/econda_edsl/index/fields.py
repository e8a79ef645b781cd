"""Which field a type's name means: types know names only, editors want the place where a field was written."""

from __future__ import annotations

from econda_edsl.compiler.types.model import Type
from econda_edsl.index.symbols import Symbol


class FieldTable:
    """Fields of records by their type. Types without a name are told apart by identity, which inference keeps."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, Symbol]] = {}
        self._kept: dict[int, tuple[Type, dict[str, Symbol]]] = {}

    def name(self, label: str, fields: dict[str, Symbol]) -> None:
        """The fields of a declared record."""
        self._named[label] = fields

    def keep(self, type_: Type, fields: dict[str, Symbol]) -> None:
        """The fields of a record without a name, such as the outputs of a task."""
        if not type_.named:
            self._kept[id(type_)] = (type_, fields)

    def of(self, type_: Type) -> dict[str, Symbol]:
        """The fields of a record that were written in this file; empty for other types."""
        inner = type_.inner
        if inner.kind == "record" and inner.named:
            return self._named.get(inner.label, {})
        found = self._kept.get(id(inner))
        return found[1] if found else {}
