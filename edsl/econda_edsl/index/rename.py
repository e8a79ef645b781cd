"""Another name for a symbol, everywhere at once, or the reason why not."""

from __future__ import annotations

import re

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics import Span
from econda_edsl.index.analysis import Analysis
from econda_edsl.index.symbols import Reference, Symbol
from econda_edsl.words import prelude

_VALUE = re.compile(r"[a-z_][A-Za-z0-9_]*")
_TYPE = re.compile(r"[A-Z][A-Za-z0-9_]*")
_CALLED = frozenset({"task", "operator", "pipeline"})
_APART = frozenset({"output", "field", "state"})


class CannotRename(Exception):
    """A symbol cannot have the name; the message says why."""


def check_renamable(symbol: Symbol) -> None:
    """Raises `CannotRename` for symbols whose name is also written outside of this file, or nowhere."""
    if symbol.kind == "built-in":
        raise CannotRename(f"`{symbol.name}` is a word of the language")
    if symbol.origin is not None and symbol.kind != "module":
        raise CannotRename(f"`{symbol.name}` comes from {symbol.origin[0]}; rename it there")
    of = symbol.within.syntax if symbol.within else None
    if isinstance(of, s.Task) and symbol.kind in ("input", "output"):
        for run in of.runs:
            if run.body is None and run.language.text != "container":
                raise CannotRename(f"`{symbol.name}` is also a name in the code file that `{of.name.text}` runs")
            if run.body is not None and run.language.text not in ("shell", "python"):
                raise CannotRename(f"`{symbol.name}` may also be a name in the {run.language.text} code of the task")


def rename(analysis: Analysis, symbol: Symbol, new: str) -> list[tuple[Span, str]]:
    """The replacements that give a symbol a new name. Raises `CannotRename`."""
    check_renamable(symbol)
    if new == symbol.name:
        return []
    _check_word(symbol, new)
    _check_clashes(analysis, symbol, new)
    _check_code(symbol, new)
    edits: dict[Span, str] = {}
    for reference in analysis.index.of(symbol):
        edits[reference.span] = new
        if reference.label is not None:
            # `{auc}` gave its entry the name; now the entry says it itself.
            start, label = reference.label
            _insert(edits, start, f"{label}: ")
    if symbol.kind == "field" and not any(r.binds for r in analysis.index.of(symbol)):
        # The field was named by its expression, `{fit.auc}`: it says its name itself from now on.
        found = _label_of(analysis, symbol)
        if found is not None:
            _insert(edits, found, f"{new}: ")
    return sorted(edits.items(), key=lambda e: (e[0].line, e[0].column, e[0].end_column))


def _insert(edits: dict[Span, str], before: Span, text: str) -> None:
    place = Span(before.line, before.column, before.line, before.column)
    same = next((span for span in edits if (span.line, span.column) == (before.line, before.column)), None)
    if same is not None:
        edits[same] = text + edits[same]
    else:
        edits[place] = text


def _label_of(analysis: Analysis, symbol: Symbol) -> Span | None:
    for reference in analysis.index.references:
        if reference.label and reference.label[1] == symbol.name and _ends_at(reference, symbol.span):
            return reference.label[0]
    return None


def _ends_at(reference: Reference, span: Span) -> bool:
    return (reference.span.end_line, reference.span.end_column) == (span.end_line, span.end_column)


def _check_word(symbol: Symbol, new: str) -> None:
    if symbol.kind == "type":
        if not _TYPE.fullmatch(new):
            raise CannotRename(f"`{new}` is not a name of a type: those begin with a capital letter")
        if new in t.BUILTIN or new in ("List", "Map"):
            raise CannotRename(f"`{new}` is a type of the language")
        return
    if not _VALUE.fullmatch(new):
        raise CannotRename(f"`{new}` is not a name: those begin with a small letter and have letters, digits and `_`")
    if new in prelude.RESERVED:
        raise CannotRename(f"`{new}` is a word of the language")
    if symbol.kind in _CALLED and new in prelude.FUNCTIONS:
        raise CannotRename(f"`{new}` is a function of the language")


def _check_clashes(analysis: Analysis, symbol: Symbol, new: str) -> None:
    """A name has one meaning wherever it can be read."""
    for other in analysis.index.symbols:
        if other.name != new or other is symbol:
            continue
        siblings = other.within is symbol.within and other.kind == symbol.kind and other.syntax is symbol.syntax
        if symbol.kind in _APART or other.kind in _APART:
            clash = other.within is symbol.within and other.kind == symbol.kind and (
                symbol.kind != "field" or siblings or isinstance(symbol.syntax, s.Field)
            )  # fmt: skip
        elif symbol.kind in _CALLED or other.kind in _CALLED:
            # Tasks are not values: only another declaration has their names.
            clash = symbol.within is None and other.within is None
        else:
            clash = _overlap(symbol, other)
        if clash:
            raise CannotRename(f"`{new}` is already {_article(other.kind)}, bound on line {other.span.line}")


def _overlap(a: Symbol, b: Symbol) -> bool:
    if a.scope is None or b.scope is None:
        return False
    return a.scope.first <= b.scope.last and b.scope.first <= a.scope.last


def _check_code(symbol: Symbol, new: str) -> None:
    """Code of a task may have a name of its own that an input would take."""
    of = symbol.within.syntax if symbol.within else None
    if not isinstance(of, s.Task) or symbol.kind not in ("input", "output"):
        return
    for run in of.runs:
        if run.body is not None and re.search(rf"\b{re.escape(new)}\b", run.body):
            raise CannotRename(f"`{new}` already stands in the code of `{of.name.text}`")
        if run.body is not None and run.language.text == "python" and _hidden(run.body, symbol.name):
            raise CannotRename(
                f"the code of `{of.name.text}` speaks of `{symbol.name}` in ways that cannot be followed"
            )


def _hidden(body: str, name: str) -> bool:
    """Whether Python code has the name in other places than as a plain variable: a parameter, an f-string, a text."""
    from econda_edsl.index.code_names import names_in_code

    lines = ["", *body.split("\n")]
    known = sum(found == name for found, _ in names_in_code("python", body, 1, lines))
    return (
        len(re.findall(rf"(?<![\w.]){re.escape(name)}\b(?!\s*=[^=])", body))
        + len(re.findall(rf"^\s*{re.escape(name)}\s*=[^=]", body, re.MULTILINE))
        != known
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
