"""Parse trees to syntax records, bottom up and without recursion."""

# Every rule method has the same two parameters, used or not.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Token, Transformer_NonRecursive, v_args

from econda_edsl import literals
from econda_edsl import syntax as s
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.layout import Layout

_PIECE = re.compile(r"\{\{|\}\}|\{|\}|\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "0": "\\0"}
_COMPARE = {"==": "eq", "!=": "ne", "<=": "le", ">=": "ge", "<": "lt", ">": "gt"}
_UNITS = {"SIZE": "Size", "DURATION": "Duration", "MONEY": "Money", "RATE": "Rate", "PERCENT": "Percent",
          "BANDWIDTH": "Bandwidth"}  # fmt: skip
_CONSTANTS = {"TRUE": (True, "Bool"), "FALSE": (False, "Bool"), "NONE": (None, "None")}


class Refused(Exception):
    """A piece of text that cannot become syntax."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Part:
    """A piece of a statement that is not syntax of its own."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind, self.value = kind, value


def _pick(children: Any, kind: str, default: Any = None) -> Any:
    return next((c.value for c in children if isinstance(c, _Part) and c.kind == kind), default)


def _of(children: Any, *types: type) -> tuple[Any, ...]:
    return tuple(c for c in children if isinstance(c, types))


_EXPRS = (s.Literal, s.Text, s.Ref, s.TypeRef, s.Member, s.Index, s.Apply, s.Unary, s.Binary, s.Conditional,
          s.Items, s.Comprehension, s.Fields, s.Selector)  # fmt: skip
_TYPES = (s.TypeName, s.TypeOptional, s.TypeUnion, s.TypeLiteral)
_STEPS = (s.Bind, s.Effect, s.Foreach, s.When, s.Repeat, s.Return, s.Gather, s.Assert, s.Fail)


def _fold(op: str) -> Any:
    def method(self: Any, meta: Any, children: list[Any]) -> s.Expr:
        return s.Binary(self.span(meta), op, children[0], children[1])

    return v_args(meta=True)(method)


def _hold(kind: str) -> Any:
    """Keep the single child under a label until the statement above takes it."""

    def method(self: Any, meta: Any, children: list[Any]) -> _Part:  # noqa: ARG001
        return _Part(kind, children[0])

    return v_args(meta=True)(method)


@v_args(meta=True)
class Build(Transformer_NonRecursive):  # type: ignore[type-arg]
    """One declaration or expression. `offset` moves lines (and, on the first line, columns) to the file's."""

    def __init__(self, layout: Layout, offset: Span, interpolated: Callable[[str, Span, Layout], s.Expr]) -> None:
        super().__init__()
        self.layout, self.offset, self.interpolated = layout, offset, interpolated
        self.diagnostics: list[Diagnostic] = []

    def span(self, meta: Any) -> Span:
        if getattr(meta, "line", None) is None:
            return Span(self.offset.line + 1, self.offset.column + 1, self.offset.line + 1, self.offset.column + 2)
        first = self.offset.column if meta.line == 1 else 0
        last = self.offset.column if meta.end_line == 1 else 0
        return Span(
            meta.line + self.offset.line,
            meta.column + first,
            meta.end_line + self.offset.line,
            meta.end_column + last,
        )

    def name_of(self, token: Token) -> s.Name:
        return s.Name(self.span(token), str(token))

    def refuse(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, help=help))

    # ---- expressions

    add, sub, mul, div, pow = _fold("add"), _fold("sub"), _fold("mul"), _fold("div"), _fold("pow")
    of, range_, coalesce_ = _fold("of"), _fold("range"), _fold("coalesce")
    or__, and__, contains, not_contains = _fold("or"), _fold("and"), _fold("in"), _fold("not_in")

    def compare(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Binary(self.span(meta), _COMPARE[str(c[1])], c[0], c[2])

    def neg(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Unary(self.span(meta), "neg", c[0])

    def not__(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Unary(self.span(meta), "not", c[0])

    def conditional(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Conditional(self.span(meta), c[1], c[0], c[2])

    def member(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Member(self.span(meta), c[0], self.name_of(c[1]), False)

    def optional_member(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Member(self.span(meta), c[0], self.name_of(c[1]), True)

    def index(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Index(self.span(meta), c[0], c[1])

    def positional(self, meta: Any, c: list[Any]) -> s.Argument:
        return s.Argument(self.span(meta), None, c[0])

    def kwarg(self, meta: Any, c: list[Any]) -> s.Argument:
        return s.Argument(self.span(meta), self.name_of(c[0]), c[1])

    def apply(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Apply(self.span(meta), c[0], _of(c, s.Argument))

    def ref(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Ref(self.span(meta), str(c[0]))

    def type_ref(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.TypeRef(self.span(meta), str(c[0]))

    def selector(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Selector(self.span(meta), str(c[0]))

    def list(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Items(self.span(meta), tuple(c))

    filter = _hold("filter")

    def comprehension(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Comprehension(self.span(meta), c[0], self.name_of(c[1]), c[2], _pick(c, "filter"))

    def entry(self, meta: Any, c: list[Any]) -> _Part:
        name = c[0]
        text = self.plain(name).text if name.type == "STRING" else str(name)
        return _Part("entry", (s.Name(self.span(name), text), c[1]))

    def pun(self, meta: Any, c: list[Any]) -> _Part:
        expr = c[0]
        if isinstance(expr, s.Member):
            return _Part("entry", (expr.name, expr))
        name = expr.name if isinstance(expr, s.Ref) else ""
        if not name:
            help_ = "write `name: value`; only `x` and `x.name` can stand alone"
            self.refuse("E0101", "this entry has no name", self.span(meta), "no name", help_)
        return _Part("entry", (s.Name(self.span(meta), name), expr))

    def record(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Fields(self.span(meta), tuple(p.value for p in c))

    def literal(self, meta: Any, c: list[Any]) -> s.Expr:
        token, span = c[0], self.span(meta)
        if token.type in _CONSTANTS:
            value, type_name = _CONSTANTS[token.type]
            return s.Literal(span, value, type_name)
        try:
            if token.type == "INT":
                return s.Literal(span, literals.read_int(str(token)), "Int")
            if token.type == "FLOAT":
                return s.Literal(span, _finite(str(token)), "Float")
            type_name = _UNITS[token.type]
            return s.Literal(span, literals.READERS[type_name](str(token)), type_name)
        except ValueError:
            self.refuse("E0118", "this number is too large", span, "more than 64 bits")
            return s.Literal(span, 0, "Int")

    # ---- strings

    def string(self, meta: Any, c: list[Any]) -> s.Text:
        return s.Text(self.span(meta), tuple(self.pieces(c[0])))

    def plain(self, token: Token) -> s.Name:
        """A string in which nothing is interpolated."""
        return s.Name(self.span(token), "".join(p for p in self.pieces(token) if isinstance(p, str)))

    def pieces(self, token: Token) -> list[str | s.Expr]:
        raw, out, text, position = str(token)[1:-1], [], [], 0
        while match := _PIECE.search(raw, position):
            text.append(raw[position : match.start()])
            position = match.end()
            if match[0] in ("{{", "}}"):
                text.append(match[0][0])
            elif match[0] == "{":
                end = _closing(raw, position)
                if end < 0:
                    self.bad_brace(token, match, "{")
                    break
                if text := "".join(text):
                    out.append(text)
                text = []
                out.append(self.hole(token, raw, position, end))
                position = end + 1
            elif match[0] == "}":
                self.bad_brace(token, match, "}")
            else:
                text.append(self.escape(token, match))
        rest = "".join(text) + raw[position:]
        return [*out, rest] if rest else out

    def hole(self, token: Token, raw: str, start: int, end: int) -> s.Expr:
        inner = raw[start:end]
        where = self.span(token)
        if not inner.strip():
            message = "`{}` interpolates nothing"
            at = Span(where.line, where.column + start, where.line, where.column + end + 2)
            raise Refused(Diagnostic("E0118", message, at, "empty", help="write `{{}}` for braces"))
        lead = len(inner) - len(inner.lstrip(" "))
        offset = Span(where.line - 1, where.column + start + lead, 0, 0)
        return self.interpolated(inner.strip(" "), offset, self.layout)

    def bad_brace(self, token: Token, match: re.Match[str], brace: str) -> None:
        where = self.span(token)
        at = Span(where.line, where.column + 1 + match.start(), where.line, where.column + 1 + match.end())
        help_ = f"write `{brace * 2}` for a brace in the text"
        self.refuse("E0118", f"`{brace}` in a string has no partner", at, "unbalanced", help_)

    def escape(self, token: Token, match: re.Match[str]) -> str:
        code = match[0][1:]
        if code in _ESCAPES and code != "0":
            return _ESCAPES[code]
        if code.startswith("u{") and 0 < int(code[2:-1], 16) < 0x110000 and not 0xD800 <= int(code[2:-1], 16) < 0xE000:
            return chr(int(code[2:-1], 16))
        where = self.span(token)
        at = Span(where.line, where.column + 1 + match.start(), where.line, where.column + 1 + match.end())
        self.refuse("E0118", f"unknown escape `{match[0]}`", at, "in a string", r"known: \n \t \r \" \\ \u{1F600}")
        return ""

    # ---- types

    def named(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        name = next(str(t) for t in c if isinstance(t, Token))
        return s.TypeName(self.span(meta), name, _of(c, *_TYPES), _pick(c, "module"))

    module = _hold("module")

    def optional(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return s.TypeOptional(self.span(meta), c[0])

    def union(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return c[0] if len(c) == 1 else s.TypeUnion(self.span(meta), tuple(c))

    def literal_type(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return s.TypeLiteral(self.span(meta), self.plain(c[0]).text)

    in_range, default = _hold("range"), _hold("default")

    def param(self, meta: Any, c: list[Any]) -> s.Field:
        name = self.name_of(c[0])
        return s.Field(name.span, name, c[1], _pick(c, "range"), _pick(c, "default"), self.remark(name.span.line))

    field = param

    def remark(self, line: int) -> str:
        """The `##` comment beside a line, or those directly above it."""
        remarks = self.layout.remarks
        found = [self.layout.beside[line]] if line in self.layout.beside else []
        above = line - 1
        while above in remarks:
            found.insert(0, remarks[above])
            above -= 1
        return "\n".join(found)

    # ---- steps

    after = v_args(meta=False)(lambda self, c: _Part("after", tuple(self.name_of(t) for t in c)))
    up_to, until, else_fail = _hold("up_to"), _hold("until"), _hold("fail")

    def setting(self, meta: Any, c: list[Any]) -> s.Setting:
        name = self.name_of(c[0])
        return s.Setting(name.span, name, c[1])

    def settings(self, meta: Any, c: list[s.Argument]) -> _Part:
        return _Part("settings", tuple(s.Setting(a.name.span, a.name, a.value) for a in c if a.name))

    def tail(self, meta: Any, c: list[Any]) -> _Part:
        settings = _pick(c, "settings", ()) + _of(c, s.Setting)
        return _Part("tail", (_pick(c, "after", ()), settings))

    def bind(self, meta: Any, c: list[Any]) -> s.Step:
        name = self.name_of(c[0])
        return s.Bind(name.span, name, c[1], *_pick(c, "tail"))

    def effect(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Effect(c[0].span, c[0], *_pick(c, "tail"))

    def gen(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("gen", (self.name_of(c[0]), c[1]))

    def foreach(self, meta: Any, c: list[Any]) -> s.Step:
        name = self.name_of(c[0]) if isinstance(c[0], Token) else None
        over = tuple(p.value for p in c if isinstance(p, _Part) and p.kind == "gen")
        span = self.head(meta, "foreach")
        return s.Foreach(span, name, over, _pick(c, "up_to"), _pick(c, "settings", ()), _of(c, s.Block)[0])

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
        return s.When(first.span, (first, *_of(c, s.Arm)))

    def carry(self, meta: Any, c: list[Any]) -> s.Carry:
        name = self.name_of(c[0])
        return s.Carry(name.span, name, c[1], c[2])

    def next(self, meta: Any, c: list[Any]) -> s.Next:
        name = self.name_of(c[0])
        return s.Next(name.span, name, c[1])

    def repeat(self, meta: Any, c: list[Any]) -> s.Step:
        head = self.head(meta, "repeat")
        body = s.Block(head, _of(c, *_STEPS))
        until, fail = _pick(c, "until"), _pick(c, "fail")
        return s.Repeat(head, _pick(c, "up_to"), _of(c, s.Carry), _of(c, s.Next), body, until, fail)

    def gather(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Gather(self.head(meta, "gather"), c[0])

    def return_(self, meta: Any, c: list[s.Argument]) -> s.Step:
        return s.Return(self.head(meta, "return"), tuple((a.name, a.value) for a in c if a.name))

    def assert_(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Assert(self.head(meta, "assert"), c[0], c[1] if len(c) > 1 else None)

    def fail(self, meta: Any, c: list[Any]) -> s.Step:
        return s.Fail(self.head(meta, "fail"), c[0])

    # ---- declarations

    def doc(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("doc", _dedent(str(c[0])[3:-3]))

    def described(self, meta: Any, c: list[Any]) -> str:
        remark = self.remark(self.span(meta).line)
        return "\n\n".join(t for t in (remark, _pick(c, "doc", "")) if t)

    def params(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("params", tuple(c))

    def results(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("results", tuple(c))

    def where(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("where", c[0])

    def needs(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("needs", (_of(c, s.Setting), tuple(p.value for p in c if isinstance(p, _Part))))

    def run_inline(self, meta: Any, c: list[Any]) -> s.Run:
        number = int(str(c[1]).strip("\x01"))
        return s.Run(self.span(c[0]), self.name_of(c[0]), self.layout.bodies[number], None)

    def run_target(self, meta: Any, c: list[Any]) -> s.Run:
        return s.Run(self.span(c[0]), self.name_of(c[0]), None, c[1])

    def let(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        types = _of(c, *_TYPES)
        return s.Let(name.span, name, types[0] if types else None, c[-1])

    def type_alias(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Alias(name.span, name, c[1])

    def type_record(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Record(name.span, name, _of(c, s.Field))

    def task(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        needs = [p.value for p in c if isinstance(p, _Part) and p.kind == "needs"]
        return s.Task(
            name.span,
            name,
            _pick(c, "params"),
            _pick(c, "results", ()),
            _of(c, s.Setting),
            tuple(setting for settings, _ in needs for setting in settings),
            tuple(test for _, tests in needs for test in tests),
            _of(c, s.Run),
            self.described(meta, c),
        )

    def with_block(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("with", tuple(c))

    def handler(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("handler", self.name_of(c[0]))

    def pipeline(self, meta: Any, c: list[Any]) -> s.Declaration:
        name = self.name_of(c[0])
        return s.Pipeline(
            name.span,
            name,
            _pick(c, "params"),
            _pick(c, "results", ()),
            tuple(x for p in c if isinstance(p, _Part) and p.kind == "with" for x in p.value),
            s.Block(name.span, _of(c, *_STEPS)),
            tuple(p.value for p in c if isinstance(p, _Part) and p.kind == "handler"),
            self.described(meta, c),
        )

    def unsupported(self, meta: Any, what: str, width: int) -> s.Declaration:
        span = self.span(meta)
        return s.Unsupported(Span(span.line, span.column, span.line, span.column + width), what)

    def import_module(self, meta: Any, c: list[Any]) -> s.Declaration:
        return self.unsupported(meta, "import", 6)

    def import_names(self, meta: Any, c: list[Any]) -> s.Declaration:
        return self.unsupported(meta, "from … import", 4)

    def resource(self, meta: Any, c: list[Any]) -> s.Declaration:
        return self.unsupported(meta, str(c[0]), len(c[0]))

    def operator(self, meta: Any, c: list[Any]) -> s.Declaration:
        return self.unsupported(meta, "operator", 8)

    def policy(self, meta: Any, c: list[Any]) -> s.Declaration:
        return self.unsupported(meta, "policy", 6)

    def symbol(self, meta: Any, c: list[Any]) -> None: ...

    def state(self, meta: Any, c: list[Any]) -> None: ...

    def rule(self, meta: Any, c: list[Any]) -> None: ...


def _finite(text: str) -> float:
    value = float(text.replace("_", ""))
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _closing(raw: str, start: int) -> int:
    """The index of the `}` that closes a hole, or -1."""
    depth = 0
    for i in range(start, len(raw)):
        if raw[i] in "([{":
            depth += 1
            if depth > 64:
                return -1
        elif raw[i] == "}" and depth == 0:
            return i
        elif raw[i] in ")]}":
            depth -= 1
    return -1


def _dedent(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    margin = min((len(x) - len(x.lstrip(" ")) for x in lines[1:] if x), default=0)
    return "\n".join([lines[0].strip(), *(x[margin:] for x in lines[1:])]).strip()
