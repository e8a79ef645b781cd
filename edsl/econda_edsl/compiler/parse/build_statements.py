"""Parse trees of steps and declarations to syntax records."""

# Every rule method has the same two parameters, used or not.
# ruff: noqa: ARG002

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.build_expressions import TYPES, BuildExpressions, Part, hold, of_kind, pick
from econda_edsl.compiler.parse.token import Token
from econda_edsl.compiler.syntax.comments import shown
from econda_edsl.diagnostics import Span

STEPS = (s.Bind, s.Effect, s.Foreach, s.When, s.Repeat, s.Return, s.Gather, s.Assert, s.Fail)


def _rule(kind: str, *, then: bool = False) -> Any:
    def method(self: Any, meta: Any, c: list[Any]) -> s.Rule:
        word = "then" if then else kind
        return s.Rule(self.head(meta, word), kind, c[0], c[1] if len(c) > 1 else None, then)

    return method


class Build(BuildExpressions):
    """One declaration or expression of the program."""

    in_range, default = hold("range"), hold("default")

    def param(self, meta: Any, c: list[Any]) -> s.Field:
        name = self.name_of(c[0])
        # Above the line that begins a declaration stands what is said of all of it.
        doc = self.remark(name.span.line, above=name.span.line != self.offset.line + 1)
        return s.Field(name.span, name, c[1], pick(c, "range"), pick(c, "default"), doc)

    field = param

    def remark(self, line: int, *, above: bool = True) -> str:
        """The `##` comment beside a line, after those directly above it if `above`."""
        remarks = self.layout.remarks
        found = [self.layout.beside[line]] if line in self.layout.beside else []
        line -= 1
        while above and line in remarks:
            found.insert(0, remarks[line])
            line -= 1
        return shown("\n".join(found))

    # ---- steps

    def after(self, meta: Any, c: list[Any]) -> Part:
        return Part("after", tuple(self.name_of(t) for t in c))

    up_to, until, else_fail = hold("up_to"), hold("until"), hold("fail")

    def setting(self, meta: Any, c: list[Any]) -> s.Setting:
        name = self.name_of(c[0])
        return s.Setting(name.span, name, c[1])

    def settings(self, meta: Any, c: list[s.Argument]) -> Part:
        return Part("settings", tuple(s.Setting(a.name.span, a.name, a.value) for a in c if a.name))

    def tail(self, meta: Any, c: list[Any]) -> Part:
        settings = pick(c, "settings", ()) + of_kind(c, s.Setting)
        return Part("tail", (pick(c, "after", ()), settings))

    def bind(self, meta: Any, c: list[Any]) -> s.Step:
        name = self.name_of(c[0])
        return s.Bind(name.span, name, c[1], *pick(c, "tail"))

    def effect(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Effect(c[0].span, c[0], *pick(c, "tail"))

    def gen(self, meta: Any, c: list[Any]) -> Part:
        return Part("gen", (self.name_of(c[0]), c[1]))

    def foreach(self, meta: Any, c: list[Any]) -> s.Step:
        name = self.name_of(c[0]) if isinstance(c[0], Token) else None
        over = tuple(p.value for p in c if isinstance(p, Part) and p.kind == "gen")
        span = self.head(meta, "foreach")
        return s.Foreach(span, name, over, pick(c, "up_to"), pick(c, "settings", ()), of_kind(c, s.Block)[0])

    def head(self, meta: Any, word: str) -> Span:
        span = self.span(meta)
        return Span(span.line, span.column, span.line, span.column + len(word))

    def block(self, meta: Any, c: list[Any]) -> s.Block:
        return s.Block(self.span(meta), tuple(c))

    def else_when(self, meta: Any, c: list[Any]) -> s.Arm:
        return s.Arm(self.head(meta, "else when"), c[0], c[1])

    def else_(self, meta: Any, c: list[Any]) -> s.Arm:
        return s.Arm(self.head(meta, "else"), None, c[0])

    def when(self, meta: Any, c: list[Any]) -> s.Step:
        first = s.Arm(self.head(meta, "when"), c[0], c[1])
        return s.When(first.span, (first, *of_kind(c, s.Arm)))

    def carry(self, meta: Any, c: list[Any]) -> s.Carry:
        name = self.name_of(c[0])
        return s.Carry(name.span, name, c[1], c[2])

    def next(self, meta: Any, c: list[Any]) -> s.Next:
        name = self.name_of(c[0])
        return s.Next(name.span, name, c[1])

    def repeat(self, meta: Any, c: list[Any]) -> s.Step:
        head = self.head(meta, "repeat")
        body = s.Block(head, of_kind(c, *STEPS))
        until, fail = pick(c, "until"), pick(c, "fail")
        return s.Repeat(head, pick(c, "up_to"), of_kind(c, s.Carry), of_kind(c, s.Next), body, until, fail)

    def gather(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Gather(self.head(meta, "gather"), c[0])

    def return_(self, meta: Any, c: list[s.Argument]) -> s.Step:
        return s.Return(self.head(meta, "return"), tuple((a.name, a.value) for a in c if a.name))

    def assert_(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Assert(self.head(meta, "assert"), c[0], c[1] if len(c) > 1 else None)

    def fail(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Fail(self.head(meta, "fail"), c[0])

    # ---- declarations

    def doc(self, meta: Any, c: list[Any]) -> Part:
        return Part("doc", _dedent(str(c[0])[3:-3]))

    def described(self, meta: Any, c: list[Any]) -> str:
        remark = self.remark(self.span(meta).line)
        return "\n\n".join(t for t in (remark, pick(c, "doc", "")) if t)

    def params(self, meta: Any, c: list[Any]) -> Part:
        return Part("params", tuple(c))

    def results(self, meta: Any, c: list[Any]) -> Part:
        return Part("results", tuple(c))

    def where(self, meta: Any, c: list[Any]) -> Part:
        return Part("where", c[0])

    def needs(self, meta: Any, c: list[Any]) -> Part:
        return Part("needs", (of_kind(c, s.Setting), tuple(p.value for p in c if isinstance(p, Part))))

    def run_inline(self, meta: Any, c: list[Any]) -> s.Run:
        number = int(str(c[1]).strip("\x01"))
        return s.Run(self.span(c[0]), self.name_of(c[0]), self.layout.bodies[number], None)

    def run_target(self, meta: Any, c: list[Any]) -> s.Run:
        return s.Run(self.span(c[0]), self.name_of(c[0]), None, c[1])

    def let(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        types = of_kind(c, *TYPES)
        return s.Let(name.span, name, types[0] if types else None, c[-1])

    def function(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Function(name.span, name, pick(c, "params"), of_kind(c, *TYPES)[0], c[-1])

    def type_alias(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Alias(name.span, name, c[1])

    def type_record(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Record(name.span, name, of_kind(c, s.Field))

    def task(self, meta: Any, c: list[Any]) -> s.Task:
        name = self.name_of(c[0])
        needs = [p.value for p in c if isinstance(p, Part) and p.kind == "needs"]
        return s.Task(
            name.span,
            name,
            pick(c, "params"),
            pick(c, "results", ()),
            of_kind(c, s.Setting),
            tuple(setting for settings, _ in needs for setting in settings),
            tuple(test for _, tests in needs for test in tests),
            of_kind(c, s.Run),
            self.described(meta, c),
        )

    def with_block(self, meta: Any, c: list[Any]) -> Part:
        return Part("with", tuple(c))

    def handler(self, meta: Any, c: list[Any]) -> s.Handler:
        name = self.name_of(c[0])
        return s.Handler(name.span, name, c[1])

    def pipeline(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Pipeline(
            name.span,
            name,
            pick(c, "params"),
            pick(c, "results", ()),
            tuple(x for p in c if isinstance(p, Part) and p.kind == "with" for x in p.value),
            s.Block(name.span, of_kind(c, *STEPS)),
            of_kind(c, s.Handler),
            self.described(meta, c),
        )

    # ---- modules, resources, policies

    def import_module(self, meta: Any, c: list[Any]) -> s.Declaration:
        source, *version = [self.plain(token) for token in c if token.type == "STRING"]
        return s.ImportModule(source.span, source, version[0] if version else None, self.name_of(c[-1]))

    def import_names(self, meta: Any, c: list[Any]) -> s.Declaration:
        source, *version = [self.plain(token) for token in c if isinstance(token, Token)]
        symbols = tuple(part.value for part in c if isinstance(part, Part))
        return s.ImportNames(source.span, source, version[0] if version else None, symbols)

    def symbol(self, meta: Any, c: list[Any]) -> Part:
        return Part("symbol", (self.name_of(c[0]), self.name_of(c[-1])))

    def resource(self, meta: Any, c: list[Any]) -> s.Declaration:
        name, driver = self.name_of(c[1]), self.name_of(c[2])
        return s.Resource(name.span, str(c[0]), name, driver, of_kind(c, s.Setting), self.described(meta, c))

    def state(self, meta: Any, c: list[Any]) -> Part:
        return Part("state", tuple(c))

    def operator(self, meta: Any, c: list[Any]) -> s.Declaration:
        state = tuple(f for p in c if isinstance(p, Part) and p.kind == "state" for f in p.value)
        return replace(self.task(meta, c), state=state, operator=True)

    def qualified(self, meta: Any, c: list[Any]) -> Part:
        return Part("extends", s.Name(self.span(meta), ".".join(map(str, c))))

    scope, forbid, require = _rule("scope"), _rule("forbid"), _rule("require")
    minimize, maximize = _rule("minimize"), _rule("maximize")
    then_minimize, then_maximize = _rule("minimize", then=True), _rule("maximize", then=True)

    def policy(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        rules, settings = of_kind(c, s.Rule), of_kind(c, s.Setting)
        return s.Policy(name.span, name, pick(c, "extends"), rules, settings, self.described(meta, c))


def _dedent(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    margin = min((len(x) - len(x.lstrip(" ")) for x in lines[1:] if x), default=0)
    return "\n".join([lines[0].strip(), *(x[margin:] for x in lines[1:])]).strip()
