"""Symbols for what other files and packages declare, as far as this file speaks of it."""

from __future__ import annotations

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics import Span
from econda_edsl.index.symbols import Symbol

_KINDS = {"pool": "pool", "connector": "connector", "secret": "secret", "trigger": "trigger"}


def fill_imported(symbol: Symbol, name: str, checked: Checked) -> list[Symbol]:
    """Give an imported symbol its kind, type, doc and place; `name` is what this file calls it, with the module.

    Returns the symbols of its parts, such as the inputs of a task. They stand where the import stands; `target` tells
    where they really are.
    """
    tables = checked.tables
    declared = _declaration(name, checked)
    if declared is None:
        return []
    symbol.syntax = declared
    symbol.doc = getattr(declared, "doc", "") or symbol.doc
    symbol.kind = _kind(declared)
    if isinstance(declared, s.Let):
        symbol.type = checked.inference.lets.get(name, t.UNKNOWN)
    elif isinstance(declared, s.Function):
        symbol.type = tables.fields.get(declared, t.UNKNOWN)
    elif name in tables.named:
        symbol.type = tables.named[name]
    path = _path(name, checked)
    if path is not None:
        symbol.target = (path, declared.name.span)
    return [_part(symbol, f, kind, checked, path) for kind, fields in _fields(declared) for f in fields]


def _declaration(
    name: str, checked: Checked
) -> s.Task | s.Pipeline | s.Let | s.Function | s.Record | s.Resource | s.Policy | None:
    tables = checked.tables
    for table in (tables.tasks, tables.functions, tables.pipelines, tables.record_syntax, tables.lets,
                  tables.pure_functions, tables.resources, tables.policies):  # fmt: skip
        if name in table:
            return table[name]
    return None


def _kind(declared: s.Syntax) -> str:
    match declared:
        case s.Task(operator=True):
            return "operator"
        case s.Task():
            return "task"
        case s.Pipeline():
            return "pipeline"
        case s.Let():
            return "constant"
        case s.Function():
            return "function"
        case s.Record():
            return "type"
        case s.Resource(kind=kind):
            return _KINDS.get(kind, "imported name")
        case _:
            return "policy"


def _path(name: str, checked: Checked) -> str | None:
    """The file that declares a name; None for what a package declares, which has no text to show."""
    try:
        home, _ = checked.home(name)
    except KeyError:
        return None
    return home.unit.path if home.unit.package is None else None


def _fields(declared: s.Syntax) -> list[tuple[str, tuple[s.Field, ...]]]:
    match declared:
        case s.Task() | s.Pipeline():
            return [("input", declared.inputs), ("output", declared.outputs)]
        case s.Function(inputs=inputs):
            return [("input", inputs)]
        case s.Record(fields=fields):
            return [("field", fields)]
        case _:
            return []


def _part(of: Symbol, f: s.Field, kind: str, checked: Checked, path: str | None) -> Symbol:
    found = checked.tables.fields.get(f, t.UNKNOWN)
    target: tuple[str, Span] | None = (path, f.name.span) if path is not None else None
    return Symbol(f.name.text, kind, [of.span], None, found, f.doc, of, f, of.origin, target)
