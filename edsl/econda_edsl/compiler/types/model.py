"""Types: what they are, which may stand for which, and how two of them join."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

LABEL_LONGEST = 2_000
CHOICES_MOST = 64


@dataclass(frozen=True, slots=True)
class Type:
    """`label` is the type as a reader writes it and alone decides equality.

    `kind`: plain, list, map, table, optional, choice, record, none, opaque (of a package), any, selector, type,
    secret, labels, unknown (already reported). `loop` marks the record that a `foreach` binds.
    """

    label: str
    kind: str = field(default="plain", compare=False)
    args: tuple[Type, ...] = field(default=(), compare=False)
    choices: tuple[str, ...] = field(default=(), compare=False)
    fields: Mapping[str, Type] = field(default_factory=dict, compare=False)
    named: bool = field(default=False, compare=False)
    loop: bool = field(default=False, compare=False)

    @property
    def known(self) -> bool:
        return self.kind != "unknown"

    @property
    def inner(self) -> Type:
        """The type inside an optional, or this one."""
        return self.args[0] if self.kind == "optional" else self

    @property
    def element(self) -> Type:
        return self.args[0] if self.args else UNKNOWN


PLAIN = ("Bool", "Int", "Float", "String", "Percent", "Size", "Duration", "Money", "Rate", "Bandwidth",
         "Instant", "Date", "File", "Dir", "Model", "Metrics")  # fmt: skip
UNKNOWN = Type("?", "unknown")
NONE = Type("none", "none")
BOOL, INT, FLOAT, STRING, PERCENT, SIZE, DURATION, MONEY, RATE, BANDWIDTH, INSTANT, DATE = (
    Type(name) for name in PLAIN[:12]
)
FILE = Type("File")
TABLE = Type("Table", "table")
SECRET = Type("Secret", "secret")
ANY = Type("Any", "any")
SELECTOR = Type("Selector", "selector")
LABELS = Type("Labels", "labels")
"""Names and texts, of which any may be missing: `pool.labels.site` is `String?`."""
INTERFACE: dict[str, Type] = {"Any": ANY, "Selector": SELECTOR, "Type": Type("Type", "type"), "Secret": SECRET}
"""Types that only interfaces of packages use: any value, a column's name, the type of a record."""
BUILTIN: dict[str, Type] = {name: Type(name) for name in PLAIN} | {"Table": TABLE}
NUMBERS = frozenset({"Int", "Float", "Percent"})
QUANTITIES = frozenset({"Size", "Duration", "Money", "Rate", "Bandwidth"})
ARTIFACTS = frozenset({"File", "Dir", "Model", "Metrics", "Table"})
FILES = frozenset({"Model", "Metrics"})
"""Artifacts that may stand for a File, as a Table of any rows may."""
COMPOSITE = frozenset({"record", "list", "map"})
ORDERED = NUMBERS | QUANTITIES | {"String", "Date", "Instant"}


def list_of(item: Type) -> Type:
    return Type(_short(f"List[{item.label}]"), "list", (item,))


def map_of(key: Type, value: Type) -> Type:
    return Type(_short(f"Map[{key.label}, {value.label}]"), "map", (key, value))


def table_of(row: Type) -> Type:
    return Type(_short(f"Table[{row.label}]"), "table", (row,))


def optional(of: Type) -> Type:
    if of.kind in ("optional", "none", "unknown"):
        return of
    return Type(_short(f"({of.label})?" if of.kind == "choice" else f"{of.label}?"), "optional", (of,))


def choice(values: tuple[str, ...]) -> Type:
    values = tuple(dict.fromkeys(values))
    if len(values) > CHOICES_MOST:
        return STRING
    text = " | ".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return Type(_short(text), "choice", choices=values)


def record(fields: Mapping[str, Type], name: str | None = None) -> Type:
    if name is not None:
        return Type(name, "record", fields=fields, named=True)
    text = ", ".join(f"{k}: {v.label}" for k, v in fields.items())
    return Type(_short("{" + text + "}"), "record", fields=fields)


def fan(item: Type) -> Type:
    """What a `foreach` binds."""
    failed = record({"index": INT, "error": STRING})
    fields = {"done": list_of(item), "failed": list_of(failed), "all": list_of(optional(item))}
    return Type(f"Fan[{item.label}]", "record", fields=fields, named=True, loop=True)


def is_artifact(t: Type) -> bool:
    return t.kind == "table" or t.label in ARTIFACTS


def is_number(t: Type) -> bool:
    return t.label in NUMBERS


def is_ordered(t: Type) -> bool:
    return t.label in ORDERED or t.kind == "choice"


@lru_cache(maxsize=20_000)
def assignable(found: Type, wanted: Type) -> bool:
    """Whether a value of `found` may stand where `wanted` is expected: Int for Float, a Model, Table or Metrics for a File,
    T for T?, no more.
    """
    if found == wanted or not found.known or not wanted.known:
        return True
    if wanted.kind == "any":
        return found.kind != "secret"
    if wanted.kind == "optional":
        return found.kind == "none" or assignable(found.inner, wanted.inner)
    if found.kind == "optional":
        return False
    if wanted == FLOAT:
        return found == INT
    if wanted == FILE:
        return found.label in FILES or found.kind == "table"
    if found.kind == "choice":
        return wanted == STRING or (wanted.kind == "choice" and set(found.choices) <= set(wanted.choices))
    if wanted.kind == "table" and found.kind == "table":
        return not wanted.args or not found.args or assignable(found.element, wanted.element)
    if found.kind == wanted.kind and wanted.kind in ("list", "map"):
        return all(assignable(a, b) for a, b in zip(found.args, wanted.args, strict=True))
    if found.kind == "record" and not found.named:
        if wanted.kind == "map":
            return all(assignable(t, wanted.args[1]) for t in found.fields.values())
        if wanted.kind == "record":
            same = found.fields.keys() == wanted.fields.keys()
            return same and all(assignable(t, wanted.fields[k]) for k, t in found.fields.items())
    return False


def join(a: Type, b: Type) -> Type | None:
    """The least type both may stand for, or None. Where one of the two will do, it is that very object: tools know the
    fields of a record without a name by it.
    """
    if assignable(a, b):
        return b if b.known else a
    return a if assignable(b, a) else _joined(a, b)


@lru_cache(maxsize=20_000)
def _joined(a: Type, b: Type) -> Type | None:
    if "none" in (a.kind, b.kind):
        return optional(b if a.kind == "none" else a)
    if "optional" in (a.kind, b.kind):
        inner = join(a.inner, b.inner)
        return None if inner is None else optional(inner)
    if a.kind == b.kind == "choice":
        return choice(a.choices + b.choices)
    if a.kind == b.kind == "list":
        inner = join(a.element, b.element)
        return None if inner is None else list_of(inner)
    if a.kind == b.kind == "record" and not a.named and not b.named and a.fields.keys() == b.fields.keys():
        joined = {k: join(t, b.fields[k]) for k, t in a.fields.items()}
        good = {k: t for k, t in joined.items() if t is not None}
        return record(good) if len(good) == len(joined) else None
    return None


def _short(label: str) -> str:
    """Labels of nested values can double at each level; past a limit a hash keeps them apart."""
    if len(label) <= LABEL_LONGEST:
        return label
    return label[:200] + "…#" + hashlib.sha256(label.encode()).hexdigest()[:12]
