"""Parse trees of expressions, strings and types to syntax records, bottom up and without recursion."""

# Every rule method has the same two parameters, used or not.
# ruff: noqa: ARG002

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.parse.layout import Layout
from econda_edsl.compiler.parse.token import Token
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.evaluate import quantities

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


class Part:
    """A piece of a statement that is not syntax of its own."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind, self.value = kind, value


def pick(children: Any, kind: str, default: Any = None) -> Any:
    return next((c.value for c in children if isinstance(c, Part) and c.kind == kind), default)


def of_kind(children: Any, *types: type) -> tuple[Any, ...]:
    return tuple(c for c in children if isinstance(c, types))


TYPES = (s.TypeName, s.TypeOptional, s.TypeUnion, s.TypeLiteral)


def _fold(op: str) -> Any:
    def method(self: Any, meta: Any, children: list[Any]) -> s.Expr:
        return s.Binary(self.span(meta), op, children[0], children[1])

    return method


def hold(kind: str) -> Any:
    """Keep the single child under a label until the statement above takes it."""

    def method(self: Any, meta: Any, children: list[Any]) -> Part:  # noqa: ARG001
        return Part(kind, children[0])

    return method


class BuildExpressions:
    """One declaration or expression. `offset` moves lines (and, on the first line, columns) to the file's."""

    def __init__(self, layout: Layout, offset: Span, interpolated: Callable[[str, Span, Layout], s.Expr]) -> None:
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
    floor_div, mod = _fold("floor_div"), _fold("mod")
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
        return s.Apply(self.span(meta), c[0], of_kind(c, s.Argument))

    def ref(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Ref(self.span(meta), str(c[0]))

    def type_ref(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.TypeRef(self.span(meta), str(c[0]))

    def selector(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Selector(self.span(meta), str(c[0]))

    def list(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Items(self.span(meta), tuple(c))

    filter = hold("filter")

    def comprehension(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Comprehension(self.span(meta), c[0], self.name_of(c[1]), c[2], pick(c, "filter"))

    def entry(self, meta: Any, c: list[Any]) -> Part:
        name = c[0]
        text = self.plain(name).text if name.type == "STRING" else str(name)
        return Part("entry", (s.Name(self.span(name), text), c[1]))

    def pun(self, meta: Any, c: list[Any]) -> Part:
        expr = c[0]
        if isinstance(expr, s.Member):
            return Part("entry", (expr.name, expr))
        name = expr.name if isinstance(expr, s.Ref) else ""
        if not name:
            help_ = "write `name: value`; only `x` and `x.name` can stand alone"
            self.refuse("E0101", "this entry has no name", self.span(meta), "no name", help_)
        return Part("entry", (s.Name(self.span(meta), name), expr))

    def record(self, meta: Any, c: list[Any]) -> s.Expr:
        return s.Fields(self.span(meta), tuple(p.value for p in c))

    def literal(self, meta: Any, c: list[Any]) -> s.Expr:
        token, span = c[0], self.span(meta)
        if token.type in _CONSTANTS:
            value, type_name = _CONSTANTS[token.type]
            return s.Literal(span, value, type_name)
        try:
            if token.type == "INT":
                return s.Literal(span, quantities.read_int(str(token)), "Int")
            if token.type == "FLOAT":
                return s.Literal(span, _finite(str(token)), "Float")
            type_name = _UNITS[token.type]
            return s.Literal(span, quantities.READERS[type_name](str(token)), type_name)
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
        return s.TypeName(self.span(meta), name, of_kind(c, *TYPES), pick(c, "module"))

    module = hold("module")

    def optional(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return s.TypeOptional(self.span(meta), c[0])

    def union(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return c[0] if len(c) == 1 else s.TypeUnion(self.span(meta), tuple(c))

    def literal_type(self, meta: Any, c: list[Any]) -> s.TypeExpr:
        return s.TypeLiteral(self.span(meta), self.plain(c[0]).text)


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
