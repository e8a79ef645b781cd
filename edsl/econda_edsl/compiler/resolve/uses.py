"""What the names inside expressions refer to, in the scopes that are open where they stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.stand_ins import HOLE
from econda_edsl.compiler.resolve.declare import reserved
from econda_edsl.compiler.resolve.scopes import Frame, Names, exported, label
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.resolve.unknown_names import half_bound, not_a_value, unknown_name
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words import prelude
from econda_edsl.words.other_languages import CALLS

_PER_TIME = "write `$3/h`, or per `s`, `min` or `d`"


@dataclass(slots=True)
class Mentions:
    """`frames` are the open scopes; `half_bound` the names that were read though only some paths bind them."""

    tables: Tables
    result: Names
    diagnostics: list[Diagnostic]
    frames: list[Frame] = field(default_factory=list)
    in_let: str | None = None
    half_bound: set[tuple[s.Step, str]] = field(default_factory=set)

    def report(
        self, code: str, message: str, span: Span, label: str = "", help: str = "", notes: tuple[str, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, notes, help))

    # ---- new names

    def shadow(self, name: s.Name) -> None:
        """A name keeps its meaning in the blocks inside; only a branch binds for its `when`."""
        if name.text in self.tables.lets:
            self.twice(name, self.tables.lets[name.text].name.span)
        for outer in self.frames:
            if name.text not in outer.names:
                continue
            owner = outer.names[name.text]
            if owner is None:
                self.report("E0203", f"`{name.text}` is bound twice", name.span, "already a name here",
                            "an input, loop variable or carried name keeps its meaning in the blocks inside")  # fmt: skip
            elif owner is not outer.current or not isinstance(owner, s.When):
                self.twice(name, exported(owner, self.result.exports)[name.text])

    def twice(self, name: s.Name, first: Span) -> None:
        note = f"first bound on line {first.line}; a name has one meaning"
        self.report("E0203", f"`{name.text}` is bound twice", name.span, "second binding", notes=(note,))

    # ---- expressions

    def expr(self, expr: s.Expr) -> None:
        match expr:
            case s.Ref():
                self.ref(expr)
            case s.TypeRef():
                self.diagnostics.append(not_a_value(expr, self.tables))
            case s.Apply():
                self.apply(expr)
            case s.Comprehension(variable=variable):
                self.expr(expr.over)
                reserved(variable, self.diagnostics)
                self.shadow(variable)
                self.frames.append(Frame({variable.text: None}))
                self.expr(expr.item)
                if expr.test is not None:
                    self.expr(expr.test)
                self.frames.pop()
            case s.Binary(op="div", left=s.Literal(type="Money"), right=s.Ref() as unit):
                self.ref(unit, _PER_TIME)
            case _:
                for part in s.parts_of(expr):
                    self.expr(part)

    def apply(self, expr: s.Apply) -> None:
        for argument in expr.args:
            if not self.meant_as_selector(expr, argument):
                self.expr(argument.value)
        callee = expr.callee
        match callee:
            case s.Ref(name=name):
                self.called(callee, name)
            case s.TypeRef(name=name):
                if name not in self.tables.named and self.tables.complete:
                    help_ = did_you_mean(name, self.tables.record_syntax)
                    self.report("E0206", f"unknown record type `{name}`", callee.span, "not declared", help_)
            case s.Member(base=s.Ref(name=name) as base) if not self.find(name) and name not in self.tables.modules:
                self.no_module(base, name)
            case _:
                self.expr(callee)
                self.report("E0313", "only tasks, functions and record types can be called", callee.span, "a value")

    def meant_as_selector(self, expr: s.Apply, argument: s.Argument) -> bool:
        """`by = loss` for `by = .loss`: types say so, and better."""
        name, value = argument.name, argument.value
        function = prelude.FUNCTIONS.get(expr.callee.name) if isinstance(expr.callee, s.Ref) else None
        own = isinstance(expr.callee, s.Ref) and expr.callee.name in self.tables.pure_functions
        if function is None or own or "by" not in function.named or name is None or name.text != "by":
            return False
        return isinstance(value, s.Ref) and not self.find(value.name)

    def called(self, callee: s.Ref, name: str) -> None:
        if name in self.tables.pure_functions:
            if self.in_let:
                self.result.lets[self.in_let].setdefault(name, callee.span)
            return
        declared = name in self.tables.tasks or name in self.tables.pipelines
        if name in self.tables.functions or (name in prelude.FUNCTIONS and not declared):
            return
        if name in prelude.FILES and name not in self.tables.tasks and not self.find(name):
            return
        if declared:
            help_ = f"bind it first: `y = {name}(…)`, then use `y.<output>` here"
            notes = ()
            if name in prelude.FUNCTIONS:
                notes = (f"`{name}` is also a function of the language; here the name is the program's own",)
            if self.in_let:
                help_ = f"constants and functions compute with values only; call `{name}` in the pipeline, and pass what it gives"
            elif self.frames and self.frames[-1].block is None and self.frames[-1].names:
                help_ = f"call it in a loop: `ys = foreach …:` with `y = {name}(…)` and `gather y` below"
            self.report("E0312", f"the {'task' if name in self.tables.tasks else 'pipeline'} `{name}` is called inside an expression", callee.span,
                        "a call is the whole right side of a binding", help_, notes)  # fmt: skip
        elif self.find(name):
            self.report("E0313", f"`{name}` is a value, it cannot be called", callee.span, "not a task or function")
        elif self.tables.complete:
            help_ = CALLS.get(name) or did_you_mean(
                name, [*self.tables.tasks, *self.tables.pipelines, *prelude.FUNCTIONS]
            )
            self.report("E0201", f"unknown task or function `{name}`", callee.span, "not declared", help_)

    def no_module(self, base: s.Ref, name: str) -> None:
        if not self.tables.complete:
            return
        known = [*self.tables.modules, *(r for r, d in self.tables.resources.items() if d.kind == "connector")]
        help_ = did_you_mean(name, known) or f'import it: `import "…" as {name}`'
        self.report("E0201", f"there is no module or connector `{name}`", base.span, "not imported", help_)

    # ---- names

    def find(self, name: str) -> bool:
        return name in self.tables.lets or self.secret(name) or any(name in f.names for f in self.frames)

    def secret(self, name: str) -> bool:
        return name in self.tables.resources and self.tables.resources[name].kind == "secret"

    def ref(self, ref: s.Ref, otherwise: str = "") -> None:
        """`otherwise` is the help where nothing of a similar name is known."""
        if self.tables.holes and ref.name == HOLE:
            return
        for frame in reversed(self.frames):
            if ref.name in frame.names:
                self.use(frame, ref.name, ref.span)
                return
        if ref.name in self.tables.lets:
            if self.in_let:
                self.result.lets[self.in_let].setdefault(ref.name, ref.span)
            return
        if not self.secret(ref.name):
            self.unknown(ref, otherwise=otherwise)

    def use(self, frame: Frame, name: str, span: Span) -> None:
        """Record that the frame's current step needs the step that binds `name`."""
        frame.used.add(name)
        owner, step = frame.names[name], frame.current
        if frame.block is not None and step is not None and owner is not None:
            frame.block.waits[step].setdefault(owner, (label(step), name, span))
        self.narrow(frame, name, span)

    def narrow(self, home: Frame, name: str, span: Span) -> None:
        """Whoever reads a name that an `assert … != none` vouches for waits for the assert.

        Asserts outside the frame where the name is at home speak of another name.
        """
        inside = next(i for i, frame in enumerate(self.frames) if frame is home)
        for frame in self.frames[inside:]:
            if frame.block is None or frame.current is None or name not in frame.block.narrowed:
                continue
            check = frame.block.narrowed[name]
            owner = frame.names.get(name)
            if frame.current is not check and not isinstance(frame.current, s.Assert) and owner is not frame.current:
                frame.block.waits[frame.current].setdefault(check, (label(frame.current), "assert", span))

    def unknown(self, ref: s.Ref, words: Collection[str] = (), otherwise: str = "") -> None:
        for frame in reversed(self.frames):
            if ref.name in frame.partial:
                when = frame.partial[ref.name]
                self.half_bound.add((when, ref.name))
                self.diagnostics.append(half_bound(ref, when))
                return
        found = unknown_name(ref, self.frames, self.tables, words=words, otherwise=otherwise)
        if found is not None:
            self.diagnostics.append(found)
