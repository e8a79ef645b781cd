"""CWL types as those of EDSL."""

from __future__ import annotations

import re
from typing import Any

from econda_edsl.importing.cwl.documents import short
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Input, RecordText

_PLAIN = {
    "int": "Int", "long": "Int", "float": "Float", "double": "Float", "string": "String", "boolean": "Bool", "File": "File",
    "stdout": "File", "stderr": "File", "Directory": "Dir",
}  # fmt: skip


class Kinds:
    """`records` are the declarations met, in their order."""

    def __init__(self) -> None:
        self.records: list[RecordText] = []
        self._made: dict[tuple[tuple[str, str], ...], str] = {}
        self._named: dict[str, Any] = {}

    def name(self, schemas: Any) -> None:
        """Know types by their names: those of a `SchemaDefRequirement`."""
        self._named |= {each.name: each for each in schemas or []}

    def of(self, type_: Any) -> str | None:
        """A type; None for unions and `Any`."""
        if isinstance(type_, list):
            inner = [each for each in type_ if each != "null"]
            found = self.of(inner[0]) if len(inner) == 1 else None
            if found is None or len(inner) == len(type_):
                return found
            # Of a choice that may be missing the language has no short form.
            return "String?" if found.startswith('"') else f"{found}?"
        if isinstance(type_, str):
            return self.of(self._named[type_]) if type_ in self._named else _PLAIN.get(type_)
        match getattr(type_, "type_", None):
            case "array":
                inner = self.of(type_.items)
                return inner and f"List[{inner}]"
            case "enum":
                return " | ".join(f'"{short(each)}"' for each in type_.symbols)
            case "record":
                return self._record(type_)
            case _:
                return None

    def _record(self, type_: Any) -> str | None:
        """A record, declared once for all that have the same fields. Their names must be names here."""
        fields: list[tuple[str, str]] = []
        for each in type_.fields or []:
            name, kind = short(each.name), self.of(each.type_)
            if kind is None or Names().keep(name) != name or getattr(each, "secondaryFiles", None):
                return None
            fields.append((name, kind))
        key = tuple(fields)
        if not key:
            return None
        if key not in self._made:
            stem = re.sub(r"[^A-Za-z0-9]", "", short(getattr(type_, "name", None) or "").title()) or "Record"
            stem = stem if stem[0].isalpha() and not (type_.name or "").startswith("_:") else "Record"
            taken = {each.name for each in self.records} | {"File", "Dir", "Model", "Table", "Metrics", "String"}
            name, number = stem, 2
            while name in taken:
                name, number = f"{stem}{number}", number + 1
            self._made[key] = name
            self.records.append(RecordText(name, [Input(field, kind) for field, kind in fields]))
        return self._made[key]
