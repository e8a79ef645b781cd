"""The type of every expression."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions import calls
from econda_edsl.compiler.expressions.calls import Scope
from econda_edsl.compiler.expressions.function_calls import function_call
from econda_edsl.compiler.expressions.mismatch import advice, differences, of_a_loop
from econda_edsl.compiler.resolve.tables import Tables
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types import operators, signatures
from econda_edsl.compiler.types.model import Type
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.words import prelude


@dataclass(slots=True)
class Inference:
    """Types found so far; `lets` are the types of constants, `words` the bare words that stand for a choice.

    `made` are records that the program constructs, whose constant fields have ranges to lie in, and `converted` are
    expressions that become records there: `{…}` where a record type is wanted, which they are not of themselves. `unsound`
    are functions with errors.
    """

    tables: Tables
    diagnostics: list[Diagnostic] = field(default_factory=list)
    types: dict[s.Expr, Type] = field(default_factory=dict)
    lets: dict[str, Type] = field(default_factory=dict)
    words: AbstractSet[s.Expr] = frozenset()
    made: list[tuple[s.Record, dict[str, s.Expr]]] = field(default_factory=list)
    converted: list[tuple[s.Expr, Type]] = field(default_factory=list)
    unsound: set[str] = field(default_factory=set)

    def report(
        self, code: str, message: str, span: Span, label: str = "", help: str = "", notes: tuple[str, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, notes, help))

    def infer(self, expr: s.Expr, scope: Scope) -> Type:
        found = self._infer(expr, scope)
        self.types[expr] = found
        return found

    def require(self, expr: s.Expr, wanted: Type, scope: Scope, what: str) -> Type:
        """Check that an expression may stand as `what`, of type `wanted`."""
        found = self.infer(expr, scope)
        if not t.assignable(found, wanted):
            self.mismatch(expr, found, wanted, what)
        else:
            self.convert(expr, found, wanted)
        return found

    def convert(self, expr: s.Expr, found: Type, wanted: Type) -> None:
        """Note what becomes a record, or has in it what does, only because of where it stands."""
        if found != wanted and wanted.inner.kind in t.COMPOSITE and wanted.inner != found:
            self.converted.append((expr, wanted))

    def mismatch(self, expr: s.Expr, found: Type, wanted: Type, what: str) -> None:
        label = f"this is {found.label}"
        if found.kind == "optional" and t.assignable(found.inner, wanted):
            message = f"{what} may be missing, but {wanted.label} is needed"
            self.report("E0306", message, expr.span, label, default_or_test(expr))
            return
        help_ = advice(found, wanted)
        notes = differences(found, wanted)
        self.report("E0301", f"{what} is {wanted.label}, not {found.label}", expr.span, label, help_, notes)

    def test(self, expr: s.Expr, scope: Scope, what: str) -> None:
        found = self.infer(expr, scope)
        if found.known and found != t.BOOL:
            help_ = "nothing else counts as true: write a comparison, such as `> 0` or `!= none`"
            help_ = "say what a missing value means: `?? false`" if found.inner == t.BOOL else help_
            self.report("E0305", f"{what} is Bool, not {found.label}", expr.span, f"this is {found.label}", help_)

    def is_prelude(self, name: str) -> bool:
        """Whether a call means a function of the language: one that the program has under this name comes first."""
        own = name in self.tables.functions or name in self.tables.pure_functions
        return name in prelude.FUNCTIONS and not own

    # ---- by kind of expression

    def _infer(self, expr: s.Expr, scope: Scope) -> Type:
        match expr:
            case s.Literal(type=name):
                return t.NONE if name == "None" else t.BUILTIN[name]
            case s.Text():
                return self.text(expr, scope)
            case s.Ref():
                return self.ref(expr, scope)
            case s.Member():
                return self.member(expr, scope)
            case s.Index():
                return self.index(expr, scope)
            case s.Apply(callee=s.Ref(name=name)) if self.is_prelude(name):
                return function_call(self, expr, name, scope)
            case s.Apply():
                return calls.apply(self, expr, scope)
            case s.Unary():
                return self.unary(expr, scope)
            case s.Binary():
                return self.binary(expr, scope)
            case s.Conditional():
                return self.conditional(expr, scope)
            case s.Items(items=items):
                return self.items(items, scope)
            case s.Comprehension():
                return self.comprehension(expr, scope)
            case s.Fields():
                return self.fields(expr, scope)
            case s.Selector(name=name):
                help_ = f"use it as `best(list, by = .{name})`, or name the record: `x.{name}`"
                self.report("E0313", f"the selector `.{name}` is not a value", expr.span, "only an argument", help_)
                return t.UNKNOWN
            case s.TypeRef():
                return t.UNKNOWN

    def ref(self, expr: s.Ref, scope: Scope) -> Type:
        if expr in self.words:
            return t.choice((expr.name,))
        found = scope.get(expr.name) or self.lets.get(expr.name)
        if found is not None:
            return found
        self.refuse_secret(expr)
        return t.UNKNOWN

    def refuse_secret(self, expr: s.Ref) -> None:
        resource = self.tables.resources.get(expr.name)
        if resource is not None and resource.kind == "secret":
            help_ = f"use it in a task's `env = {{TOKEN: {expr.name}}}` or in the `auth` of a connector"
            self.report("E0801", f"the secret `{expr.name}` would become a value", expr.span, "leaks here", help_)

    def text(self, expr: s.Text, scope: Scope) -> Type:
        for part in expr.parts:
            if isinstance(part, str):
                continue
            found = self.infer(part, scope)
            if not signatures.showable(found):
                help_ = (
                    "name the attribute to show" if found.kind == "record" else "show a number or name of it instead"
                )
                self.report("E0314", f"{found.label} cannot be written into a string", part.span, "not text", help_)
        return t.STRING if expr.plain is None else t.choice((expr.plain,))

    def member(self, expr: s.Member, scope: Scope) -> Type:
        base = self.infer(expr.base, scope)
        if not base.known:
            return t.UNKNOWN
        name = expr.name.text
        if base.kind == "optional" and not expr.optional:
            help_ = f"write `?.{name}`, supply a default with `??`, or test `!= none` first"
            self.report("E0306", f"this value may be missing, so it has no `.{name}`", expr.base.span,
                        f"this is {base.label}", help_)  # fmt: skip
        found = self.attribute(expr, base.inner, name)
        if expr.optional and base.kind not in ("optional", "none"):
            help_ = f"write `.{name}`"
            self.report(
                "E0301", "`?.` is for values that may be missing", expr.base.span, f"this is {base.label}", help_
            )
        return t.optional(found) if expr.optional and found.known else found

    def attribute(self, expr: s.Member, base: Type, name: str) -> Type:
        if t.is_artifact(base):
            if name in prelude.FILE_ATTRIBUTES:
                return t.BUILTIN[prelude.FILE_ATTRIBUTES[name]]
            known: list[str] = list(prelude.FILE_ATTRIBUTES)
        elif base.kind == "labels":
            return t.optional(t.STRING)
        elif base.kind == "record":
            if name in base.fields:
                return base.fields[name]
            known = list(base.fields)
        else:
            known = []
        help_ = did_you_mean(name, known)
        if base.loop and name in base.fields["done"].element.fields:
            of = expr.base.name if isinstance(expr.base, s.Ref) else "loop"
            help_ = f"what the members gathered is a list: `[x.{name} for x in {of}.done]`"
        if name in ("length", "len", "size", "count") and signatures.sized(base):
            help_ = "use `len(…)`"
        if not help_ and known:
            shown = ", ".join(f"`{k}`" for k in known[:8])
            help_ = f"it has {shown}"
        what = f"`{expr.base.name}`" if isinstance(expr.base, s.Ref) else base.label
        label = "not part of a loop" if base.loop else f"not part of {base.label}"
        self.report("E0202", f"{what} has no `{name}`", expr.name.span, label, help_)
        return t.UNKNOWN

    def index(self, expr: s.Index, scope: Scope) -> Type:
        base = self.infer(expr.base, scope)
        if base.kind == "labels":
            self.require(expr.index, t.STRING, scope, "the label")
            return t.optional(t.STRING)
        if base.kind == "map":
            self.require(expr.index, t.STRING, scope, "the key")
            return base.args[1]
        if base.kind == "list":
            self.require(expr.index, t.INT, scope, "the index")
            return base.element
        self.infer(expr.index, scope)
        if base.known:
            help_ = "use `.name` for the fields of a record" if base.kind == "record" else ""
            help_ = of_a_loop(base) or help_
            self.report("E0309", f"{base.label} cannot be indexed", expr.base.span, "not a list or Map", help_)
        return t.UNKNOWN

    def unary(self, expr: s.Unary, scope: Scope) -> Type:
        if expr.op == "not":
            self.test(expr.operand, scope, "the operand of `not`")
            return t.BOOL
        found = self.infer(expr.operand, scope)
        if found.known and not t.is_number(found) and found.label not in t.QUANTITIES:
            self.report("E0304", f"cannot negate {found.label}", expr.span, f"this is {found.label}")
            return t.UNKNOWN
        return found

    def binary(self, expr: s.Binary, scope: Scope) -> Type:
        op = expr.op
        if op in ("and", "or"):
            self.test(expr.left, scope, f"the left side of `{op}`")
            self.test(expr.right, self.narrowed(expr.left, scope, op == "and"), f"the right side of `{op}`")
            return t.BOOL
        a, b = self.infer(expr.left, scope), self.infer(expr.right, scope)
        if op in operators.SIGNS:
            return self.arithmetic(expr, a, b)
        if op == "coalesce":
            return self.coalesce(expr, a, b)
        if op == "range":
            for side, found in ((expr.left, a), (expr.right, b)):
                if found.known and found != t.INT:
                    help_ = "use `linspace(a, b, n)` for fractions" if t.is_number(found) else ""
                    self.report("E0301", f"a range runs over Int, not {found.label}", side.span, "not Int", help_)
            return t.list_of(t.INT)
        if op == "of":
            self.report("E0313", "`of` belongs to `gpu = 2 of [A100]`", expr.span, "not here")
            return t.UNKNOWN
        if op in ("in", "not_in"):
            self.membership(expr, a, b)
        else:
            self.comparison(expr, a, b)
        return t.BOOL

    def arithmetic(self, expr: s.Binary, a: Type, b: Type) -> Type:
        outcome = operators.arithmetic(expr.op, a, b)
        if outcome:
            return outcome.type
        message, help_ = operators.refusal(expr.op, a, b)
        if "optional" in (a.kind, b.kind):
            help_ = default_or_test(expr.left if a.kind == "optional" else expr.right)
        label = f"{a.label} {operators.SIGNS[expr.op]} {b.label}"
        self.report("E0304", message, expr.span, label, help_)
        return t.UNKNOWN

    def coalesce(self, expr: s.Binary, a: Type, b: Type) -> Type:
        if a.known and a.kind not in ("optional", "none"):
            help_ = "remove the `??` and what follows it"
            self.report("E0301", "`??` is for values that may be missing", expr.left.span, f"this is {a.label}", help_)
            return a
        joined = b if a.kind == "none" else t.join(a.inner, b)
        if joined is None:
            self.report(
                "E0301", f"the default is {a.inner.label}, not {b.label}", expr.right.span, f"this is {b.label}"
            )
            return t.UNKNOWN
        self.convert(expr.right, b, joined)
        return joined

    def membership(self, expr: s.Binary, a: Type, b: Type) -> None:
        if not a.known or not b.known:
            return
        wanted = b.element if b.kind == "list" else t.STRING
        if b.kind not in ("list", "map") and not t.assignable(b, t.STRING):
            self.report("E0309", f"`in` looks into a list, Map or String, not {b.label}", expr.right.span, "not one")
        elif t.join(a, wanted) is None:
            message = f"cannot look for {a.label} in {b.label}"
            self.report("E0303", message, expr.span, f"elements are {wanted.label}")

    def comparison(self, expr: s.Binary, a: Type, b: Type) -> None:
        if not a.known or not b.known:
            return
        label = f"left is {a.label}, right is {b.label}"
        equality = expr.op in ("eq", "ne")
        alike = t.join(a, b) is not None or (t.is_number(a.inner) and t.is_number(b.inner))
        if equality and alike and a.kind == "choice" and b.kind == "choice" and not set(a.choices) & set(b.choices):
            if len(a.choices) > 1 or len(b.choices) > 1:
                word = (b if len(b.choices) == 1 else a).choices[0]
                other = a if len(b.choices) == 1 else b
                self.report("E0303", f'this can never be "{word}"', expr.span, label, did_you_mean(word, other.choices))
        elif not alike:
            _, help_ = operators.refusal("add", a, b)
            time = next((x.label for x in (a, b) if x in (t.DATE, t.INSTANT)), "")
            if time and (t.STRING in (a, b) or "choice" in (a.kind, b.kind)):
                help_ = f"make a time of the text: `{time.lower()}(…)`"
            self.report("E0303", f"cannot compare {a.label} with {b.label}", expr.span, label, help_)
        elif not equality:
            if "optional" in (a.kind, b.kind) or "none" in (a.kind, b.kind):
                help_ = default_or_test(expr.left if a.kind == "optional" else expr.right)
                self.report("E0306", "a value that may be missing has no order", expr.span, label, help_)
            elif not t.is_ordered(a):
                self.report("E0303", f"{a.label} has no order", expr.span, label)

    def conditional(self, expr: s.Conditional, scope: Scope) -> Type:
        self.test(expr.test, scope, "the condition")
        a = self.infer(expr.then, self.narrowed(expr.test, scope, True))
        b = self.infer(expr.otherwise, self.narrowed(expr.test, scope, False))
        joined = t.join(a, b)
        if joined is None:
            label = f"{a.label} or {b.label}"
            self.report("E0301", "both sides of `if … else` have one type", expr.span, label)
            return t.UNKNOWN
        self.convert(expr.then, a, joined)
        self.convert(expr.otherwise, b, joined)
        return joined

    def items(self, items: tuple[s.Expr, ...], scope: Scope) -> Type:
        element = t.UNKNOWN
        kinds: list[Type] = []
        for item in items:
            found = self.infer(item, scope)
            kinds.append(found)
            joined = t.join(element, found)
            if joined is None:
                message = f"the elements of a list have one type, here {element.label} and {found.label}"
                self.report("E0301", message, item.span, f"this is {found.label}")
                return t.UNKNOWN
            element = joined
        for item, found in zip(items, kinds, strict=True):
            self.convert(item, found, element)
        return t.list_of(element)

    def comprehension(self, expr: s.Comprehension, scope: Scope) -> Type:
        element = self.element_of(expr.over, scope, "`for` in a list")
        inner = {**scope, expr.variable.text: element}
        if expr.test is not None:
            self.test(expr.test, inner, "the condition")
            inner = dict(self.narrowed(expr.test, inner, True))
        return t.list_of(self.infer(expr.item, inner))

    def element_of(self, over: s.Expr, scope: Scope, what: str) -> Type:
        found = self.infer(over, scope)
        if found.known and found.kind != "list":
            help_ = of_a_loop(found) or ("use `keys(…)`" if found.kind == "map" else "")
            if found == t.INT:
                help_ = "from 1 up to a number is `1..n`, from 0 up to before it `range(n)`"
            self.report(
                "E0309", f"{what} runs over a list, not {found.label}", over.span, f"this is {found.label}", help_
            )
        return found.element if found.kind == "list" else t.UNKNOWN

    def fields(self, expr: s.Fields, scope: Scope) -> Type:
        found: dict[str, Type] = {}
        for name, value in expr.entries:
            if name.text in found:
                self.report("E0203", f"the field `{name.text}` is given twice", name.span, "second value")
            found[name.text] = self.infer(value, scope)
        return t.record(found)

    # ---- narrowing

    def narrowed(self, test: s.Expr, scope: Scope, holds: bool) -> Scope:
        """The scope in which `test` is known to hold (or not): `x != none` makes `T?` a `T`."""
        names = set(_present(test, holds))
        hit = {n: scope[n].inner for n in names if n in scope and scope[n].kind == "optional"}
        return {**scope, **hit} if hit else scope


def default_or_test(expr: s.Expr) -> str:
    """How to get at a value that may be missing; only plain names are narrowed by a test."""
    if isinstance(expr, s.Ref):
        return "supply a default with `??`, or test `!= none` first"
    return "supply a default with `??`, or bind it to a name and test that: `when name != none:`"


def _present(test: s.Expr, holds: bool) -> list[str]:
    match test:
        case s.Unary(op="not", operand=operand):
            return _present(operand, not holds)
        case s.Binary(op=op, left=left, right=right) if op == ("and" if holds else "or"):
            return _present(left, holds) + _present(right, holds)
        case s.Binary(op=op, left=s.Ref(name=name), right=s.Literal(type="None")) if op == ("ne" if holds else "eq"):
            return [name]
        case s.Binary(op=op, left=s.Literal(type="None"), right=s.Ref(name=name)) if op == ("ne" if holds else "eq"):
            return [name]
        case _:
            return []
