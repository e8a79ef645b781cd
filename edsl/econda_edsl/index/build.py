"""The index of a file from its checked syntax."""

from __future__ import annotations

from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.syntax.comments import shown
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.entities import NODE, RUN
from econda_edsl.diagnostics import Span
from econda_edsl.index.code_names import BY_FILE, names_in_code
from econda_edsl.index.expressions import Names
from econda_edsl.index.steps import Steps
from econda_edsl.index.symbols import WHOLE_FILE, Index, Scope, Symbol
from econda_edsl.words import prelude

_DECLARED = {s.Let: "constant", s.Task: "task", s.Pipeline: "pipeline", s.Alias: "type", s.Record: "type",
             s.Policy: "policy", s.Function: "function"}  # fmt: skip


def build_index(checked: Checked, lines: list[str]) -> Index:
    """Index all declarations that parsed. `lines` are those of the same text."""
    work = _Declarations(checked, lines)
    program = checked.parsed.program
    for d in program.declarations:
        work.declare(d)
    for d in program.declarations:
        work.signature(d)
    work.learn_fields()
    for d in program.declarations:
        work.body(d)
    work.index.sort()
    return work.index


@dataclass(slots=True)
class _Declarations(Steps):
    declared: dict[s.Syntax, Symbol] = field(default_factory=dict)

    def declare(self, d: s.Declaration) -> None:
        match d:
            case s.ImportModule(name=name, source=source):
                symbol = self.keep(name, "module", d)
                symbol.origin = (source.text, "")
                unit = self.checked.unit.imports.get(d)
                if unit is not None and unit.package is None:
                    symbol.target = (unit.path, Span(1, 1, 1, 1))
            case s.ImportNames(symbols=symbols, source=source):
                for there, here in symbols:
                    symbol = self.keep(here, "imported name", d)
                    symbol.origin = (source.text, there.text)
                    self.imported(symbol, here.text)
                    if there.span != here.span:
                        self.refer(there.span, symbol)
            case s.Resource(kind=kind):
                self.keep(d.name, kind, d)
            case s.Task(operator=True):
                self.keep(d.name, "operator", d)
            case _:
                self.keep(d.name, _DECLARED[type(d)], d)

    def keep(self, name: s.Name, kind: str, d: s.Declaration) -> Symbol:
        doc = getattr(d, "doc", "") or self.remark(name.span.line)
        found = t.UNKNOWN
        if isinstance(d, s.Let):
            found = self.checked.inference.lets.get(name.text, t.UNKNOWN)
        elif isinstance(d, s.Record):
            found = self.checked.tables.records.get(name.text, t.UNKNOWN)
        elif isinstance(d, s.Function):
            found = self.checked.tables.fields.get(d, t.UNKNOWN)
        symbol = self.define(name, kind, d, WHOLE_FILE, type_=found, doc=doc)
        self.top.setdefault(name.text, symbol)
        self.declared[d] = symbol
        return symbol

    def remark(self, line: int) -> str:
        """The `##` comments beside or directly above a line."""
        layout, found = self.checked.layout, []
        above = line - 1
        while above in layout.remarks:
            found.insert(0, layout.remarks[above])
            above -= 1
        return shown("\n".join([*found, *filter(None, [layout.beside.get(line)])]))

    def signature(self, d: s.Declaration) -> None:
        match d:
            case s.Task() | s.Pipeline():
                self.within = self.symbol_of(d)
                scope = self.inside(d.name.span)
                scope = Scope(d.name.span.line, scope.last, scope.margin)
                self.part_list(d.inputs, "input", scope)
                if isinstance(d, s.Task):
                    self.part_list(d.state, "state", None)
                self.part_list(d.outputs, "output", None)
            case s.Function():
                self.within = self.symbol_of(d)
                line = d.name.span.line
                self.part_list(d.inputs, "input", Scope(line, max(line, d.expr.span.end_line), -1))
            case s.Record(name=name, fields=fields):
                self.within = self.symbol_of(d)
                self.fields.name(name.text, self.part_list(fields, "field", None))
            case _:
                pass
        self.within = None

    def symbol_of(self, d: s.Task | s.Pipeline | s.Record | s.Let | s.Function) -> Symbol:
        return self.declared[d]

    def part_list(self, fields: tuple[s.Field, ...], kind: str, scope: Scope | None) -> Names:
        found: Names = {}
        for f in fields:
            type_ = self.checked.tables.fields.get(f, t.UNKNOWN)
            found[f.name.text] = self.define(f.name, kind, f, scope, type_=type_, doc=f.doc)
        return found

    def body(self, d: s.Declaration) -> None:
        match d:
            case s.Let(type=written, expr=expr):
                self.written_type(written)
                self.expr(expr)
            case s.Function(type=written, inputs=inputs, expr=expr):
                self.field_types(inputs)
                self.written_type(written)
                self.frames = [self.parts_named(self.symbol_of(d), "input")]
                self.expr(expr)
                self.frames = []
            case s.Alias(type=written):
                self.written_type(written)
            case s.Record(fields=fields):
                self.field_types(fields)
            case s.Task():
                self.task(d)
            case s.Pipeline():
                self.pipeline(d)
            case s.Resource(settings=settings):
                self.settings(settings)
            case s.Policy(rules=rules, settings=settings, extends=extends):
                if extends is not None:
                    self.named(s.Ref(extends.span, extends.text), extends.text)
                self.settings(settings)
                for rule in rules:
                    self.expr(rule.expr)
            case _:
                pass

    def field_types(self, fields: tuple[s.Field, ...]) -> None:
        for f in fields:
            self.written_type(f.type)
            for part in (f.range, f.default):
                if part is not None:
                    self.expr(part)

    def parts_named(self, of: Symbol, kind: str) -> Names:
        return {p.name: p for p in self.index.parts(of) if p.kind == kind}

    def task(self, d: s.Task) -> None:
        self.field_types((*d.inputs, *d.outputs, *d.state))
        symbol = self.symbol_of(d)
        inputs, outputs = self.parts_named(symbol, "input"), self.parts_named(symbol, "output")
        self.frames = [{**inputs, "attempt": self.built_in("attempt", t.INT)}]
        self.settings((*d.settings, *d.needs))
        self.frames.append({"node": self.built_in("node", NODE)})
        for test in d.where:
            self.expr(test)
        self.frames = []
        for run in d.runs:
            if run.body is not None:
                for name, span in names_in_code(run.language.text, run.body, run.language.span.line, self.lines):
                    whole = outputs.get(name) or inputs.get(name)
                    if whole is None and run.language.text == "shell" and name.endswith(BY_FILE):
                        # The file of an input follows its name.
                        span = Span(span.line, span.column, span.line, span.end_column - len(BY_FILE))
                        whole = inputs.get(name.removesuffix(BY_FILE))
                    self.refer(span, whole)

    def pipeline(self, d: s.Pipeline) -> None:
        self.field_types((*d.inputs, *d.outputs))
        self.within = self.symbol_of(d)
        inputs = self.parts_named(self.within, "input")
        told = {name: self.built_in(name, t.STRING) for name in prelude.PUBLISHED}
        self.settings(tuple(each for each in d.settings if each.name.text == "publish"), {**told, **inputs})
        self.settings(tuple(each for each in d.settings if each.name.text != "publish"), inputs)
        run = self.built_in("run", RUN)
        self.frames = [{"run": run}, self.parts_named(self.within, "input")]
        scope = self.inside(Span(d.name.span.line, 1, d.name.span.line, 1))
        self.block(d.body, scope)
        for handler in d.handlers:
            self.block(handler.body, self.inside(handler.span))
        self.frames, self.within = [], None
