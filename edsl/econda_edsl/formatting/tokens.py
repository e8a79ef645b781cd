"""Signs and words of one statement, each with whether a space stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from econda_edsl.words import prelude

# Numbers as the grammar reads them: a unit belongs to its number only when no word continues it.
_NUMBER = (
    r"\$\d[\d_]*(?:\.\d+)?(?:/(?:s|min|h|d)\b)?"
    r"|\d[\d_]*(?:\.\d+)?(?:(?:B|kB|MB|GB|TB|PB|KiB|MiB|GiB|TiB|PiB|kbps|Mbps|Gbps|ms|s|min|h|d|w)\b|%)"
    r"|\d[\d_]*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d[\d_]*"
)
TOKEN = re.compile(
    r"(?P<newline>\n)|(?P<gap>[^\S\n]+)|(?P<comment>#[^\n]*)"
    r'|(?P<doc>"""[\s\S]*?""")|(?P<string>"(?:[^"\\\n]|\\.)*")'
    rf"|(?P<number>{_NUMBER})|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>->|==|!=|<=|>=|\.\.|\?\.|\?\?|\*\*|//|.)"
)
OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = frozenset(OPENERS.values())
# Words that open a statement although they may also be names: followed by `=` they are names.
_HEADS = frozenset({"where", "scope", "require", "minimize", "maximize", "then", "up"})
# Words that are operators only after another one.
_PAIRS = frozenset({("up", "to"), ("then", "minimize"), ("then", "maximize")})
# `run` opens a statement, but `run.id` is a value; `for` and `after` are names where a value is expected.
_VALUES = frozenset({"run", "attempt", "true", "false", "none", "for", "after"})


@dataclass(slots=True)
class Token:
    """`space` is whether one stands before it; `value` whether an operator or a call may follow it.

    `own_line` and `blank` tell of comments, and of what follows a blank line.
    """

    kind: str
    text: str
    own_line: bool = False
    blank: bool = False
    space: bool = False
    value: bool = False


def spread(tokens: Iterable[Token]) -> None:
    """Decide the space before every token of a statement, and which of them are values. Comments stand apart."""
    row = [token for token in tokens if token.kind != "comment"]
    before: Token | None = None
    for place, token in enumerate(row):
        following = row[place + 1].text if place + 1 < len(row) else ""
        token.value = _is_value(before, token, following)
        token.space = before is not None and _space(row[place - 2] if place > 1 else None, before, token)
        before = token


def _is_value(before: Token | None, token: Token, following: str) -> bool:
    if token.kind == "word":
        return _names_value(before, token.text, following)
    return token.kind in ("number", "string") or token.text in CLOSERS or token.text == "?"


def _names_value(before: Token | None, word: str, following: str) -> bool:
    """A word after a value is an operator; elsewhere the words of the language are, and all others are names."""
    if following in (".", "?.") and (before is None or not before.value):
        return True
    if before is None:
        return not (word in _HEADS and following != "=") and (word in _VALUES or word not in prelude.RESERVED)
    if before.text in (".", "?."):
        return True
    if before.value or (before.text, word) in _PAIRS:
        return False
    return word in _VALUES or word not in prelude.RESERVED


def _space(earlier: Token | None, before: Token, token: Token) -> bool:
    text = token.text
    if text in (",", ":", "?", "..") or text in CLOSERS:
        return False
    if before.text in OPENERS or before.text in (".", "?.", "..") or _is_sign_of(earlier, before):
        return False
    if text in (".", "?.", "(", "["):
        return not before.value
    return True


def _is_sign_of(earlier: Token | None, before: Token) -> bool:
    """Whether `before` is the minus of a number, not one between two values."""
    return before.text == "-" and before.kind == "sign" and not (earlier is not None and earlier.value)
