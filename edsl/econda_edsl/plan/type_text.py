"""Types as the plan writes them, read back: `List[Trial]`, `stats.Point`, `Float?`, `"low" | "high"`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z]\w*(?:\.[A-Za-z]\w*)?|[\[\](),?|])')
_DEEPEST = 64


class TypeText(NamedTuple):
    """`name` is a type's name, `?` for an optional, `|` for a choice of strings."""

    name: str
    args: tuple[TypeText, ...] = ()
    choices: tuple[str, ...] = ()


def read_type(text: str) -> TypeText:
    """Read a type. Raises `ValueError` for text that is none."""
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"not a type: {text!r:.80}")
        tokens.append(match[1])
        position = match.end()
    reader = _Reader(tokens)
    result = reader.union(0)
    if reader.tokens:
        raise ValueError(f"not a type: {text!r:.80}")
    return result


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def take(self, wanted: str = "") -> str:
        if not self.tokens or (wanted and self.tokens[0] != wanted):
            raise ValueError("not a type")
        return self.tokens.pop(0)

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def union(self, depth: int) -> TypeText:
        first = self.optional(depth)
        if self.peek() != "|":
            return first
        choices = list(first.choices)
        while self.peek() == "|":
            self.take()
            choices += self.optional(depth).choices
        return TypeText("|", choices=tuple(choices))

    def optional(self, depth: int) -> TypeText:
        base = self.base(depth)
        if self.peek() == "?":
            self.take()
            return TypeText("?", (base,))
        return base

    def base(self, depth: int) -> TypeText:
        if depth > _DEEPEST:
            raise ValueError("a type is nested too deep")
        token = self.take()
        if token == "(":
            inner = self.union(depth + 1)
            self.take(")")
            return inner
        if token[0] == '"':
            return TypeText("|", choices=(re.sub(r"\\(.)", r"\1", token[1:-1]),))
        if not token[0].isalpha():
            raise ValueError("not a type")
        args: list[TypeText] = []
        if self.peek() == "[":
            self.take()
            args.append(self.union(depth + 1))
            while self.peek() == ",":
                self.take()
                args.append(self.union(depth + 1))
            self.take("]")
        return TypeText(token, tuple(args))


def record_types(types: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, TypeText]]:
    """The record types of a plan, read."""
    return {name: {field: read_type(text) for field, text in fields.items()} for name, fields in types.items()}
