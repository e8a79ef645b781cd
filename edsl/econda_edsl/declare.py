"""The tables of a program: every declaration under its name, every type written resolved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from econda_edsl import prelude
from econda_edsl import syntax as s
from econda_edsl import types as t
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.suggest import did_you_mean

_GENERIC = {"List": 1, "Map": 2, "Table": 1}
_LATER_TYPES = frozenset({"Secret"})
_FOREIGN = {"Str": "String", "Text": "String", "Integer": "Int", "Number": "Float", "Double": "Float",
            "Boolean": "Bool", "Array": "List", "Dict": "Map", "Path": "File", "Directory": "Dir",
            "DateTime": "Instant", "Timestamp": "Instant", "Optional": "T?", "Any": "a record"}  # fmt: skip


@dataclass(slots=True)
class Tables:
    """`fields` holds the resolved type of every input, output, record field and carry, by its syntax."""

    lets: dict[str, s.Let] = field(default_factory=dict)
    tasks: dict[str, s.Task] = field(default_factory=dict)
    pipelines: dict[str, s.Pipeline] = field(default_factory=dict)
    records: dict[str, t.Type] = field(default_factory=dict)
    record_syntax: dict[str, s.Record] = field(default_factory=dict)
    fields: dict[s.Syntax, t.Type] = field(default_factory=dict)
    complete: bool = True

    def inputs(self, of: s.Task | s.Pipeline) -> dict[str, t.Type]:
        return {f.name.text: self.fields.get(f, t.UNKNOWN) for f in of.inputs}

    def outputs(self, of: s.Task | s.Pipeline) -> dict[str, t.Type]:
        return {f.name.text: self.fields.get(f, t.UNKNOWN) for f in of.outputs}


def declare(program: s.Program, *, complete: bool) -> tuple[Tables, list[Diagnostic]]:
    """Collect and resolve. `complete` False means some declarations did not parse: their names may exist."""
    work = _Declare(Tables(complete=complete))
    work.collect(program.declarations)
    work.resolve(program.declarations)
    return work.tables, work.diagnostics


@dataclass(slots=True)
class _Declare:
    tables: Tables
    diagnostics: list[Diagnostic] = field(default_factory=list)
    aliases: dict[str, s.Alias | s.Record] = field(default_factory=dict)
    done: dict[str, t.Type] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def report(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))

    def collect(self, declarations: Iterable[s.Declaration]) -> None:
        first: dict[str, Span] = {}
        for d in declarations:
            if isinstance(d, s.Unsupported):
                self.report(
                    "E1001", f"`{d.what}` is not supported by this version yet", d.span, "not yet",
                    "the language reserves it; this version compiles let, type, task and pipeline",
                )  # fmt: skip
                continue
            name = d.name.text
            if name in first:
                note = f"first declared on line {first[name].line}; a name has one meaning"
                self.diagnostics.append(
                    Diagnostic("E0203", f"`{name}` is declared twice", d.name.span, "second declaration", (note,))
                )
                continue
            first[name] = d.name.span
            reserved(d.name, self.diagnostics)
            self.keep(d)

    def keep(self, d: s.Declaration) -> None:
        match d:
            case s.Let():
                self.tables.lets[d.name.text] = d
            case s.Task():
                self.tables.tasks[d.name.text] = d
            case s.Pipeline():
                self.tables.pipelines[d.name.text] = d
            case s.Alias() | s.Record():
                if d.name.text in t.BUILTIN or d.name.text in _GENERIC or d.name.text in _LATER_TYPES:
                    self.report("E0203", f"`{d.name.text}` is a type of the language", d.name.span, "already a type")
                else:
                    self.aliases[d.name.text] = d
            case s.Unsupported():
                pass

    def resolve(self, declarations: Iterable[s.Declaration]) -> None:
        for name in self.aliases:
            self.named(name)
        for d in declarations:
            if isinstance(d, s.Let) and d.type is not None:
                self.tables.fields[d] = self.type(d.type)
            elif isinstance(d, s.Task | s.Pipeline):
                self.signature(d.inputs, "input")
                self.signature(d.outputs, "output")
                for f in d.outputs:
                    self.plain_output(f)
        for d in self.tables.pipelines.values():
            self.carries(d.body)

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
            if what == "input":
                reserved(f.name, self.diagnostics)
            self.tables.fields[f] = self.type(f.type)

    def plain_output(self, f: s.Field) -> None:
        for part, what in ((f.default, "a default"), (f.range, "a range")):
            if part is not None:
                self.report("E1001", f"{what} of an output is not supported by this version yet", part.span, "not yet")

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
        result = self.type(d.type) if isinstance(d, s.Alias) else self.record(d)
        self.open.pop()
        self.done.setdefault(name, result)
        return self.done[name]

    def record(self, d: s.Record) -> t.Type:
        fields: dict[str, t.Type] = {}
        for f in d.fields:
            if f.name.text in fields:
                self.report("E0203", f"the field `{f.name.text}` is given twice", f.name.span, "second field")
            if f.range is not None:
                self.report("E1001", "a range of a field is not supported by this version yet", f.range.span, "not yet")
            fields[f.name.text] = self.tables.fields[f] = self.type(f.type)
        result = t.record(fields, d.name.text)
        self.tables.records[d.name.text] = result
        self.tables.record_syntax[d.name.text] = d
        return result

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
            message = f"the type `{expr.module}.{name}` of a module is not supported by this version yet"
            self.report("E1001", message, expr.span, "not yet")
            return t.UNKNOWN
        if name in _LATER_TYPES:
            self.report("E1001", f"the type `{name}` is not supported by this version yet", expr.span, "not yet")
            return t.UNKNOWN
        if name in _GENERIC and not (name == "Table" and not args):
            return self.generic(expr, name, args)
        found = self.named(name) if name in self.aliases else t.BUILTIN.get(name)
        if found is None:
            return self.unknown(expr, name)
        if args:
            self.report("E0206", f"`{name}` takes no type in brackets", expr.span, f"{len(args)} given")
        return found

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
        if self.tables.complete or name in _FOREIGN:
            known = [*t.BUILTIN, *_GENERIC, *self.aliases]
            help_ = f"use `{_FOREIGN[name]}`" if name in _FOREIGN else did_you_mean(name, known)
            self.report("E0206", f"unknown type `{name}`", expr.span, "not declared", help_)
        return t.UNKNOWN


def reserved(name: s.Name, diagnostics: list[Diagnostic]) -> None:
    """Refuse a word of the language as a name."""
    if name.text in prelude.RESERVED:
        help_ = f"call it `{name.text}_`" if name.text != "attempt" else "call it `tries`"
        diagnostics.append(
            Diagnostic("E0207", f"`{name.text}` is a word of the language", name.span, "cannot be a name", help=help_)
        )


def blocks_of(step: s.Step) -> tuple[s.Block, ...]:
    """The blocks directly inside a step."""
    match step:
        case s.Foreach(body=body) | s.Repeat(body=body):
            return (body,)
        case s.When(arms=arms):
            return tuple(arm.body for arm in arms)
        case _:
            return ()
