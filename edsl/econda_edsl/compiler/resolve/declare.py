"""Every declaration entered under its name, every type written resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.modules.load import Unit
from econda_edsl.compiler.modules.packages import INTERFACE_TYPES
from econda_edsl.compiler.resolve.tables import Facts, Tables
from econda_edsl.compiler.syntax.steps import blocks_of
from econda_edsl.compiler.types import model as t
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import bounded, did_you_mean
from econda_edsl.words import prelude
from econda_edsl.words.other_languages import type_help

_GENERIC = {"List": 1, "Map": 2, "Table": 1}
_CLOSED_TYPES = frozenset({"Secret", *INTERFACE_TYPES})


@bounded()
def declare(unit: Unit, others: Mapping[str, Tables], facts: Facts) -> tuple[Tables, list[Diagnostic]]:
    """Collect and resolve. `others` are the tables of the units this one imports, by path."""
    work = _Declare(Tables(facts=facts, complete=unit.names_all, holes=unit.mended is not None), unit, others)
    work.collect(unit.program.declarations)
    work.resolve(unit.program.declarations)
    return work.tables, work.diagnostics


@dataclass(slots=True)
class _Declare:
    tables: Tables
    unit: Unit
    others: Mapping[str, Tables]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    aliases: dict[str, s.Alias | s.Record] = field(default_factory=dict)
    done: dict[str, t.Type] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def report(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))

    def collect(self, declarations: Iterable[s.Declaration]) -> None:
        first: dict[str, Span] = {}
        folded: dict[str, str] = {}
        for d in declarations:
            for name in _declared(d):
                if name.text in first:
                    note = f"first declared on line {first[name.text].line}; a name has one meaning"
                    self.diagnostics.append(
                        Diagnostic(
                            "E0203", f"`{name.text}` is declared twice", name.span, "second declaration", (note,)
                        )
                    )
                    break
                other = folded.setdefault(name.text.casefold(), name.text)
                if other != name.text and other[0].islower() == name.text[0].islower():
                    note = f"`{other}` is declared on line {first[other].line}"
                    label = "differs by case only"
                    message = f"`{name.text}` and `{other}` are easily mistaken"
                    self.diagnostics.append(
                        Diagnostic("E0215", message, name.span, label, (note,), "rename one of them")
                    )
                first[name.text] = name.span
                reserved(name, self.diagnostics)
            else:
                self.keep(d)

    def keep(self, d: s.Declaration) -> None:
        match d:
            case s.Let():
                self.tables.lets[d.name.text] = d
            case s.Task():
                function = self.unit.package is not None and d.runs and d.runs[0].language.text == "function"
                (self.tables.functions if function else self.tables.tasks)[d.name.text] = d
            case s.Function():
                self.tables.pure_functions[d.name.text] = d
            case s.Pipeline():
                self.tables.pipelines[d.name.text] = d
            case s.Alias() | s.Record():
                if d.name.text in t.BUILTIN or d.name.text in _GENERIC or d.name.text in _CLOSED_TYPES:
                    self.report("E0203", f"`{d.name.text}` is a type of the language", d.name.span, "already a type")
                else:
                    self.aliases[d.name.text] = d
            case s.Resource():
                self.tables.resources[d.name.text] = d
                if d.kind == "connector":
                    self.connector(d)
            case s.Policy():
                self.tables.policies[d.name.text] = d
            case s.ImportModule() | s.ImportNames():
                self.imported(d)
                return
        self.tables.own.update(dict.fromkeys(name.text for name in _declared(d)))

    # ---- imports

    def imported(self, d: s.Import) -> None:
        unit = self.unit.imports.get(d)
        if unit is None:
            # Whatever it would have brought is unknown: one error says so, not one per use.
            self.tables.complete = False
            if isinstance(d, s.ImportModule):
                self.tables.modules[d.name.text] = ""
            return
        there = self.others[unit.path]
        if isinstance(d, s.ImportModule):
            self.tables.modules[d.name.text] = unit.path
            for name in there.own:
                self.bring(there, unit, name, f"{d.name.text}.{name}")
            return
        for name, alias in d.symbols:
            if name.text[0].isupper() != alias.text[0].isupper():
                self.report("E0101", "types are Upper, values are lower", alias.span, "of the other kind")
            elif name.text in there.own:
                self.bring(there, unit, name.text, alias.text)
            elif there.complete:
                known = sorted(there.own)
                help_ = did_you_mean(name.text, known) or "it has " + ", ".join(f"`{k}`" for k in known[:8])
                if name.text in there.homes:
                    help_ = "it imports that name itself: import it from where it is declared"
                self.report("E0201", f"`{d.source.text}` declares no `{name.text}`", name.span, "not there", help_)
                self.tables.complete = False

    def bring(self, there: Tables, unit: Unit, name: str, alias: str) -> None:
        """Make a declaration of another unit known here as `alias`."""
        here = self.tables
        here.homes[alias] = (unit.path, name)
        pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
            (there.lets, here.lets), (there.tasks, here.tasks), (there.functions, here.functions),
            (there.pipelines, here.pipelines), (there.records, here.records),
            (there.record_syntax, here.record_syntax), (there.named, here.named),
            (there.resources, here.resources), (there.policies, here.policies),
            (there.pure_functions, here.pure_functions),
        ]  # fmt: skip
        for source, target in pairs:
            if name in source:
                target[alias] = source[name]
        for qualified, connector in there.connectors.items():
            if connector is there.resources.get(name):
                operator = qualified.removeprefix(f"{name}.")
                here.tasks[f"{alias}.{operator}"] = there.tasks[qualified]
                here.connectors[f"{alias}.{operator}"] = connector
                here.homes[f"{alias}.{operator}"] = (unit.path, qualified)

    def connector(self, d: s.Resource) -> None:
        """The operators of a connector's driver, callable through its name."""
        unit = self.unit.drivers.get(d.driver.text)
        if unit is None:
            self.tables.complete = False
            return
        there = self.others[unit.path]
        for name in there.tasks:
            qualified = f"{d.name.text}.{name}"
            self.bring(there, unit, name, qualified)
            self.tables.connectors[qualified] = d

    def resolve(self, declarations: Iterable[s.Declaration]) -> None:
        for name in self.aliases:
            self.named(name)
        for d in declarations:
            if isinstance(d, s.Let) and d.type is not None:
                self.tables.fields[d] = self.type(d.type)
            elif isinstance(d, s.Function):
                self.tables.fields[d] = self.type(d.type)
                self.signature(d.inputs, "input")
            elif isinstance(d, s.Task | s.Pipeline):
                self.signature(d.inputs, "input")
                self.signature(d.outputs, "output")
                for f in d.outputs:
                    self.plain_output(f)
            if isinstance(d, s.Task):
                self.signature(d.state, "state")
            elif isinstance(d, s.Pipeline):
                self.carries(d.body)
                for handler in d.handlers:
                    self.carries(handler.body)

    def carries(self, block: s.Block) -> None:
        for step in block.steps:
            if isinstance(step, s.Repeat):
                for carry in step.carries:
                    self.tables.fields[carry] = self.type(carry.type)
            for inner in blocks_of(step):
                self.carries(inner)

    def signature(self, fields: tuple[s.Field, ...], what: str) -> None:
        seen: set[str] = set()
        for f in fields:
            if f.name.text in seen:
                self.report("E0203", f"the {what} `{f.name.text}` is given twice", f.name.span, f"second {what}")
            seen.add(f.name.text)
            if what != "output" and self.unit.package is None:
                reserved(f.name, self.diagnostics)
            self.tables.fields[f] = self.type(f.type)

    def plain_output(self, f: s.Field) -> None:
        for part, what in ((f.default, "default"), (f.range, "range")):
            if part is not None:
                self.report("E0307", f"an output has no {what}", part.span, "not here", "check it in the task's code")

    def named(self, name: str) -> t.Type:
        if name in self.done:
            return self.done[name]
        d = self.aliases[name]
        if name in self.open:
            loop = [*self.open[self.open.index(name) :], name]
            notes = (f"cycle: {' -> '.join(loop)}",)
            self.diagnostics.append(
                Diagnostic("E0402", "a type cannot contain itself", d.name.span, f"`{name}` needs itself", notes)
            )
            self.done[name] = t.UNKNOWN
            return t.UNKNOWN
        if len(self.open) > 60:
            self.report("E0109", "types are nested more than 60 deep", d.name.span, "too deep")
            return t.UNKNOWN
        self.open.append(name)
        result = self.record(d) if isinstance(d, s.Record) else self.alias(d)
        self.open.pop()
        self.tables.named[name] = self.done.setdefault(name, result)
        return self.done[name]

    def alias(self, d: s.Alias) -> t.Type:
        if self.unit.package is not None and isinstance(d.type, s.TypeName) and d.type.name == "Opaque":
            return t.Type(self.label(d.name.text), "opaque")
        return self.type(d.type)

    def record(self, d: s.Record) -> t.Type:
        fields: dict[str, t.Type] = {}
        for f in d.fields:
            if f.name.text in fields:
                self.report("E0203", f"the field `{f.name.text}` is given twice", f.name.span, "second field")
            fields[f.name.text] = self.tables.fields[f] = self.type(f.type)
        result = t.record(fields, self.label(d.name.text))
        self.tables.records[d.name.text] = result
        self.tables.record_syntax[d.name.text] = self.tables.facts.records[result.label] = d
        return result

    def label(self, name: str) -> str:
        """A type's name among those of all modules."""
        return f"{self.unit.label}.{name}" if self.unit.label else name

    def type(self, expr: s.TypeExpr) -> t.Type:
        match expr:
            case s.TypeOptional(of=of):
                return t.optional(self.type(of))
            case s.TypeLiteral(value=value):
                return t.choice((value,))
            case s.TypeUnion(members=members):
                return self.union(expr, [self.type(m) for m in members])
            case s.TypeName():
                return self.type_name(expr)

    def union(self, expr: s.TypeUnion, members: list[t.Type]) -> t.Type:
        if not all(m.kind == "choice" or not m.known for m in members):
            help_ = 'a union is closed: `"low" | "high"`; use `T?` for a value that may be missing'
            self.report("E0206", "a union is made of strings only", expr.span, "not all are strings", help_)
            return t.UNKNOWN
        return t.choice(tuple(c for m in members for c in m.choices))

    def type_name(self, expr: s.TypeName) -> t.Type:
        name, args = expr.name, [self.type(a) for a in expr.args]
        if expr.module is not None:
            return self.foreign(expr, f"{expr.module}.{name}")
        if name in _CLOSED_TYPES:
            return self.closed(expr, name)
        if name in _GENERIC and not (name == "Table" and not args):
            return self.generic(expr, name, args)
        found = self.named(name) if name in self.aliases else self.tables.named.get(name) or t.BUILTIN.get(name)
        if found is None:
            return self.unknown(expr, name)
        if args:
            self.report("E0206", f"`{name}` takes no type in brackets", expr.span, f"{len(args)} given")
        return found

    def foreign(self, expr: s.TypeName, name: str) -> t.Type:
        """A type of a module: `ml.Params`."""
        if name in self.tables.named:
            return self.tables.named[name]
        if expr.module not in self.tables.modules:
            known = list(self.tables.modules)
            help_ = did_you_mean(expr.module or "", known) or f'import it: `import "…" as {expr.module}`'
            self.report("E0206", f"there is no module `{expr.module}`", expr.span, "not imported", help_)
        elif self.tables.complete:
            known = [n for n in self.tables.named if n.startswith(f"{expr.module}.")]
            self.report("E0206", f"unknown type `{name}`", expr.span, "not in the module", did_you_mean(name, known))
        return t.UNKNOWN

    def closed(self, expr: s.TypeName, name: str) -> t.Type:
        """A type that only interfaces use, or only the language itself."""
        if self.unit.package is not None:
            return t.INTERFACE[name]
        if name == "Secret":
            help_ = "declare `secret name is …:` and use the name in `env = {…}` or a connector's `auth`"
            self.report("E0801", "a secret is never passed as a value", expr.span, "not a type of values", help_)
        else:
            self.report("E0206", f"`{name}` is a type of packages only", expr.span, "not a type of values")
        return t.UNKNOWN

    def generic(self, expr: s.TypeName, name: str, args: list[t.Type]) -> t.Type:
        if len(args) != _GENERIC[name]:
            count = _GENERIC[name]
            shape = "Map[String, Int]" if count == 2 else f"{name}[Int]"
            message = f"`{name}` takes {count} type{'s' * (count > 1)} in brackets"
            self.report("E0206", message, expr.span, f"{len(args)} given", f"for example `{shape}`")
            return t.UNKNOWN
        if name == "Map":
            if args[0].known and not t.assignable(args[0], t.STRING):
                self.report("E0206", "the keys of a Map are strings", expr.span, f"keys are {args[0].label}")
            return t.map_of(*args)
        if name == "Table" and args[0].known and args[0].kind != "record":
            self.report("E0206", "the rows of a Table are records", expr.span, f"rows are {args[0].label}")
        return t.list_of(args[0]) if name == "List" else t.table_of(args[0])

    def unknown(self, expr: s.TypeName, name: str) -> t.Type:
        foreign = type_help(name)
        if self.tables.complete or foreign:
            known = [*t.BUILTIN, *_GENERIC, *self.aliases, *self.tables.named]
            help_ = foreign or did_you_mean(name, known)
            self.report("E0206", f"unknown type `{name}`", expr.span, "not declared", help_)
        return t.UNKNOWN


def _declared(d: s.Declaration) -> tuple[s.Name, ...]:
    """The names a declaration brings."""
    return tuple(alias for _, alias in d.symbols) if isinstance(d, s.ImportNames) else (d.name,)


def reserved(name: s.Name, diagnostics: list[Diagnostic]) -> None:
    """Refuse a word of the language as a name."""
    if name.text in prelude.RESERVED:
        help_ = f"call it `{name.text}_`" if name.text != "attempt" else "call it `tries`"
        diagnostics.append(
            Diagnostic("E0207", f"`{name.text}` is a word of the language", name.span, "cannot be a name", help=help_)
        )
