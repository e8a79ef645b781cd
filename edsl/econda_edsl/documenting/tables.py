"""Tables and lists of signatures in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.syntax.printing import expr_text, type_text
from econda_edsl.compiler.types import model as t
from econda_edsl.index.analysis import Analysis

# What code sees of a quantity: a plain number of these.
UNITS = {
    "Size": "bytes",
    "Duration": "milliseconds",
    "Money": "micro-dollars",
    "Rate": "micro-dollars per hour",
    "Bandwidth": "bits per second",
    "Percent": "a fraction of 1",
    "Date": "text",
    "Instant": "text",
    "File": "a path",
    "Dir": "a path",
    "Model": "a path",
    "Metrics": "a path",
    "Table": "a path",
}


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table without the columns that are empty in every row."""
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] for row in rows)]
    lines = [[head[i] for i in kept], ["---"] * len(kept), *([row[i] for i in kept] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def cell(text: str) -> str:
    """Text on one line, with nothing that ends a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Code on one line of a table or a sentence."""
    found = cell(text)
    return f"`` {found} ``" if "`" in found else f"`{found}`" if found else ""


def fields_table(fields: tuple[s.Field, ...], analysis: Analysis, *, in_code: bool) -> list[str]:
    """Inputs, outputs or fields; `in_code` tells in which unit the code of a task sees them."""
    rows = []
    for f in fields:
        found = analysis.checked.tables.fields.get(f, t.UNKNOWN) if analysis.checked else t.UNKNOWN
        unit = UNITS.get("Table" if found.inner.kind == "table" else found.inner.label, "") if in_code else ""
        limits = code(expr_text(f.range, analysis.lines)) if f.range is not None else ""
        default = code(expr_text(f.default, analysis.lines)) if f.default is not None else ""
        rows.append([code(f.name.text), code(type_text(f.type)), unit, limits, default, cell(f.doc)])
    return table(["name", "type", "in code", "range", "default", "about"], rows)


def settings_list(
    settings: tuple[s.Setting, ...], analysis: Analysis, title: str = "Settings", extra: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Settings as they were written; empty if there are none."""
    pairs = [(x.name.text, expr_text(x.value, analysis.lines)) for x in settings] + list(extra)
    if not pairs:
        return []
    return [f"**{title}**", "", *(f"- {name}: {code(value)}" for name, value in pairs), ""]
