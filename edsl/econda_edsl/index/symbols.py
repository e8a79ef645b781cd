"""Symbols, and the places that speak of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.types.model import UNKNOWN, Type
from econda_edsl.diagnostics import Span

# What a symbol is; readers see these words.
KINDS = (
    "task", "operator", "pipeline", "type", "constant", "function", "pool", "connector", "secret", "trigger", "policy", "module",
    "imported name", "input", "output", "state", "field", "step", "loop variable", "carried value", "element", "built-in",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """The lines in which a name may be read; in them, only what is indented deeper than `margin` spaces."""

    first: int
    last: int
    margin: int

    def holds(self, line: int, column: int) -> bool:
        return self.first <= line <= self.last and column > self.margin


WHOLE_FILE = Scope(0, 1 << 30, -1)


@dataclass(slots=True, eq=False)
class Symbol:
    """One meaning of a name. `spans` are where it is bound: several where branches of a `when` bind it.

    `within` is the symbol it is part of, such as the task of an input. `origin` tells of an imported name the
    source it comes from and what it is called there; `target` is the file and the place where it is declared.
    """

    name: str
    kind: str
    spans: list[Span]
    scope: Scope | None = None
    type: Type = UNKNOWN
    doc: str = ""
    within: Symbol | None = None
    syntax: s.Syntax | None = None
    origin: tuple[str, str] | None = None
    target: tuple[str, Span] | None = None

    @property
    def span(self) -> Span:
        """Where it is bound first."""
        return self.spans[0]


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that speaks of a symbol.

    `label` is set in a record entry without a name (`{fit.auc}`): where the entry begins, and the name it has now,
    which must be written out once the expression is called otherwise.
    """

    span: Span
    symbol: Symbol
    binds: bool = False
    label: tuple[Span, str] | None = None
    type: Type = UNKNOWN


@dataclass(slots=True)
class Index:
    """All symbols of a file and all references to them, the latter in source order."""

    symbols: list[Symbol] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    _starts: list[tuple[int, int]] = field(default_factory=list)
    _parts: dict[Symbol, list[Symbol]] = field(default_factory=dict)
    _of: dict[Symbol, list[Reference]] = field(default_factory=dict)

    def add(self, symbol: Symbol) -> None:
        self.symbols.append(symbol)
        if symbol.within is not None:
            self._parts.setdefault(symbol.within, []).append(symbol)

    def sort(self) -> None:
        """To be called when the index is complete."""
        self.references.sort(key=lambda r: (r.span.line, r.span.column, not r.binds))
        self._starts = [(r.span.line, r.span.column) for r in self.references]
        self._of = {}
        for reference in self.references:
            self._of.setdefault(reference.symbol, []).append(reference)

    def at(self, line: int, column: int) -> Reference | None:
        """What stands at a place, the end of a name included. A use is preferred to a binding at the same place."""
        place = bisect_right(self._starts, (line, column))
        best = None
        for reference in reversed(self.references[max(0, place - 8) : place]):
            span = reference.span
            if span.line == line and span.column <= column <= span.end_column and best is None:
                best = reference
        return best

    def of(self, symbol: Symbol) -> list[Reference]:
        """All places that speak of a symbol, its bindings included."""
        return self._of.get(symbol, [])

    def visible(self, line: int, column: int) -> list[Symbol]:
        """The symbols whose names may be read at a place."""
        return [x for x in self.symbols if x.scope is not None and x.scope.holds(line, column)]

    def top(self) -> list[Symbol]:
        """The declarations, in source order."""
        return [x for x in self.symbols if x.within is None and x.scope is WHOLE_FILE]

    def parts(self, of: Symbol) -> list[Symbol]:
        """What stands inside a declaration, in source order."""
        return self._parts.get(of, [])
