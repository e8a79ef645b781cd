"""Symbols and references of blocks: order is free, so the names of a block are known before its steps are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.resolve.scopes import exported
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics import Span
from econda_edsl.index.expressions import Expressions, Names
from econda_edsl.index.symbols import Reference, Scope, Symbol


@dataclass(slots=True)
class Steps(Expressions):
    _exports: dict[s.Step, dict[str, Span]] = field(default_factory=dict)

    def block(self, block: s.Block, scope: Scope, leaving: Names | None = None) -> Names:
        """Index a block; `leaving` are the symbols of names that leave its `when`. Returns the names it binds."""
        names: Names = {}
        for step in block.steps:
            for name, span in exported(step, self._exports).items():
                if leaving and name in leaving:
                    names[name] = leaving[name]
                if name in names:
                    self.again(names[name], span)
                else:
                    names[name] = self.bound(step, name, span, scope)
        self.frames.append(names)
        for step in block.steps:
            self.step(step, names)
        self.frames.pop()
        return names

    def again(self, symbol: Symbol, span: Span) -> None:
        """A further binding of a symbol, by another branch or by mistake."""
        if span not in symbol.spans:
            symbol.spans.append(span)
            self.index.references.append(Reference(span, symbol, binds=True, type=symbol.type))

    def bound(self, step: s.Step, name: str, span: Span, scope: Scope) -> Symbol:
        carry = next((c for c in step.carries if c.name.text == name), None) if isinstance(step, s.Repeat) else None
        found = self.checked.tables.fields.get(carry, t.UNKNOWN) if carry else self.bound_type(step, name)
        kind = "carried value" if carry else "step"
        return self.define(s.Name(span, name), kind, carry or step, scope, type_=found)

    def bound_type(self, step: s.Step, name: str) -> Type:
        match step:
            case s.Bind(expr=expr):
                return self.type_of(expr)
            case s.Foreach(body=body):
                gathered = [self.type_of(x.expr) for x in body.steps if isinstance(x, s.Gather)]
                return t.fan(gathered[0]) if gathered else t.UNKNOWN
            case s.When() if self.checked.steps is not None:
                return self.checked.steps.binds.get(step, {}).get(name, t.UNKNOWN)
            case _:
                return t.UNKNOWN

    def inside(self, head: Span, last: int = 0) -> Scope:
        """The lines of the block that a header opens, blank lines at its end included, at least up to `last`."""
        first = self.lines[head.line - 1] if head.line <= len(self.lines) else ""
        margin = len(first) - len(first.lstrip(" "))
        end = head.line
        for number in range(head.line, len(self.lines)):
            text = self.lines[number]
            if text.strip() and len(text) - len(text.lstrip(" ")) <= margin and text.lstrip()[0] not in ")]}#":
                break
            end = number + 1
        # What follows inside, such as `until`, stands at the margin of the header itself.
        return Scope(head.line, max(end, last), -1 if last else margin)

    def step(self, step: s.Step, names: Names) -> None:
        match step:
            case s.Bind(expr=expr) | s.Effect(expr=expr):
                self.expr(expr)
                for name in step.after:
                    self.refer(name.span, self.find(name.text))
                self.settings(step.settings, {"attempt": self.built_in("attempt", t.INT)})
            case s.Foreach():
                self.foreach(step)
            case s.When(arms=arms):
                for arm in arms:
                    if arm.test is not None:
                        self.expr(arm.test)
                    leaving = {n: names[n] for n in exported(step, self._exports) if n in names}
                    self.block(arm.body, self.inside(arm.span), leaving)
            case s.Repeat():
                self.repeat(step, names)
            case s.Return(entries=entries):
                outputs = (
                    {p.name: p for p in self.index.parts(self.within) if p.kind == "output"} if self.within else {}
                )
                for name, expr in entries:
                    self.refer(name.span, outputs.get(name.text))
                    self.expr(expr)
            case s.Gather(expr=expr):
                self.expr(expr)
            case s.Assert(expr=expr, message=message):
                self.expr(expr)
                if message is not None:
                    self.expr(message)
            case s.Fail(message=message):
                self.expr(message)

    def foreach(self, step: s.Foreach) -> None:
        scope = self.inside(step.span)
        variables: Names = {}
        for variable, over in step.over:
            self.expr(over)
            found = self.type_of(over).element
            variables[variable.text] = self.define(variable, "loop variable", step, scope, type_=found)
        if step.up_to is not None:
            self.expr(step.up_to)
        self.settings(step.settings)
        self.frames.append(variables)
        self.block(step.body, scope)
        self.frames.pop()

    def repeat(self, step: s.Repeat, names: Names) -> None:
        self.expr(step.up_to)
        for carry in step.carries:
            self.written_type(carry.type)
            self.expr(carry.start)
        scope = self.inside(step.span, step.until.span.end_line)
        inner = self.block(step.body, scope)
        self.frames.append(inner)
        for following in step.nexts:
            self.refer(following.name.span, names.get(following.name.text))
            self.expr(following.expr)
        self.expr(step.until)
        if step.fail is not None:
            self.expr(step.fail)
        self.frames.pop()

    def settings(self, settings: tuple[s.Setting, ...], extra: Names | None = None) -> None:
        """Settings, but for the words that have a meaning only there, such as kinds of failure."""
        self.frames.append(extra or {})
        for setting in settings:
            value = setting.value
            if isinstance(value, s.Apply) and setting.name.text in ("retry", "checkpoint", "cache"):
                for argument in value.args:
                    if argument.name is None or argument.name.text != "on":
                        self.expr(argument.value)
            elif isinstance(value, s.Binary) and value.op == "of":
                self.expr(value.left)
            elif isinstance(value, s.Fields):
                # Names of variables, of labels, of what a machine has: not this file's to choose.
                for _, entry in value.entries:
                    self.expr(entry)
            else:
                self.expr(value)
        self.frames.pop()
