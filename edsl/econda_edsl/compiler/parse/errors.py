"""Why a declaration does not parse, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from lark.exceptions import UnexpectedInput

from econda_edsl.compiler.parse.habits import HABITS
from econda_edsl.compiler.parse.stop import Stop
from econda_edsl.compiler.parse.written_values import VALUES
from econda_edsl.diagnostics import Diagnostic, Span
from econda_edsl.evaluate import quantities
from econda_edsl.words.other_languages import type_help

_BLOCK = re.compile(r"(task|pipeline|foreach|when|else|repeat|needs|with|on|state|\w+ = foreach)\b")
_WORDS = {
    "if": "use `when … :` for steps and `a if test else b` for values",
    "elif": "use `else when … :`",
    "elsif": "use `else when … :`",
    "for": "use `foreach … in … :`",
    "while": "use `repeat up to N:` … `until …`",
    "loop": "use `repeat up to N:` … `until …`",
    "def": "declare a `task` at the left margin",
    "try": "use `retry = …` in the task",
    "switch": "use `when … :` and `else when … :`",
    "match": "use `when … :` and `else when … :`",
    "import": "imports stand at the left margin of the file; code in `run python:` imports modules",
    "print": "return values, or log from a task",
}
_SIGNS = {"&&": "use `and`", "||": "use `or`", "!": "use `not`", "&": "use `and`", "->": "outputs follow the inputs",
          ";": "one statement per line", "+=": "a name is bound once", "'": 'strings use `"`', "`": 'strings use `"`',
          "//": "comments begin with `#`; `a // b` divides Ints without a rest", "?": "write `a if test else b`",
          "%": "`a % b` is the rest of a division; a percent is a number with its sign: `20%`", "=>": "name a field by its selector: `by = .loss`"}  # fmt: skip
_PUNCTUATION = frozenset(["'", "`", ";", "?", "=>"])
_BETWEEN = frozenset(["//", "%"])
_COMPARISON = r"<=|>=|==|!=|<|>"
_HOMES = {"carry": "in a `repeat`", "next": "in a `repeat`", "until": "at the margin of its `repeat`"}
_NAMES = {"_NL": "the end of the line", "NAME": "a name", "TNAME": "a type", "STRING": "a string", "COLON": "`:`",
          "EQUAL": "`=`", "_INDENT": "an indented block", "RPAR": "`)`", "RSQB": "`]`", "RBRACE": "`}`",
          "COMMA": "`,`", "LPAR": "`(`", "RAW": "a code body", "_DEDENT": "the end of the block", "INT": "a number",
          "__ANON_0": "`->`", "IN": "`in`", "TO": "`to`", "UP": "`up to`", "UNTIL": "`until`"}  # fmt: skip


def explain(error: UnexpectedInput, text: str, offset: Span) -> Diagnostic:
    """Turn the parser's complaint into a diagnostic; `offset` moves positions to those of the file."""
    place = _stop(error, text, offset)
    for rule in (
        _indentation,
        *HABITS,
        *VALUES,
        _target,
        _equals,
        _colon,
        _misplaced,
        _foreign,
        _unbounded,
        _unit,
        _case,
        _chain,
        _dropped,
        _statement,
    ):
        found = rule(place)
        if found:
            return found
    wanted = _wanted(place.expected)
    message = "the line ends too early" if place.at_end else f"unexpected `{place.word}`"
    return place.diagnostic("E0101", message, f"expected {wanted}" if wanted else "")


def _stop(error: UnexpectedInput, text: str, offset: Span) -> Stop:
    lines = text.split("\n")
    found = (getattr(error, key, None) for key in ("accepts", "expected", "allowed"))
    kind = getattr(getattr(error, "token", None), "type", "")
    return Stop(kind, lines, *_position(error, lines), offset, frozenset(next(filter(None, found), ())))


def _position(error: UnexpectedInput, lines: list[str]) -> tuple[int, int]:
    line, column = getattr(error, "line", 0), getattr(error, "column", 0)
    if isinstance(line, int) and isinstance(column, int) and line > 0 and column > 0:
        return line, column
    last = max((i for i, text in enumerate(lines) if text.strip()), default=0)
    return last + 1, len(lines[last]) + 1


def _indentation(p: Stop) -> Diagnostic | None:
    if p.kind == "_INDENT":
        line, column = _next_code_line(p)
        message = "this line is indented, but nothing opens a block"
        return p.diagnostic("E0102", message, "unexpected indentation", line=line, at=column)
    if "_INDENT" in p.expected and len(p.expected) == 1:
        help_ = "indent the lines of the block, or remove the `:`"
        return p.diagnostic("E0102", "this block has no lines", "expected an indented block", help_)
    return None


def _next_code_line(p: Stop) -> tuple[int, int]:
    for i in range(p.line - 1, len(p.lines)):
        text = p.lines[i]
        if text.startswith(" ") and text.strip() and (i + 1 > p.line or p.column <= len(text) - len(text.lstrip())):
            return i + 1, len(text) - len(text.lstrip()) + 1
    return p.line, p.column


def _target(p: Stop) -> Diagnostic | None:
    """What stands left of `=` where only a name may."""
    target = p.before.strip()
    if p.word != "=" or "EQUAL" in p.expected or not re.fullmatch(r"[a-z_]\w*([.\[][^=]*)", target):
        return None
    help_ = "values do not change: bind a new name, or make a new record"
    message = "only a plain name can be bound"
    return p.diagnostic("E0101", message, "not a name", help_, at=p.margin, width=len(target))


def _equals(p: Stop) -> Diagnostic | None:
    if p.word == "=" and "EQUAL" not in p.expected and p.kind == "EQUAL":
        return p.diagnostic("E0108", "`=` binds a name; it does not compare", "not here", "use `==` to compare")
    if p.word == "==" and "EQUAL" in p.expected:
        return p.diagnostic("E0108", "`==` compares; it does not bind", "not here", "use `=` to bind a name")
    return None


def _colon(p: Stop) -> Diagnostic | None:
    if not p.at_end or "COLON" not in p.expected:
        return None
    text, end = p.source.strip(), len(p.source.rstrip()) + 1
    if _BLOCK.match(text):
        message = f"`{text.split()[0]}` opens a block with `:`"
        return p.diagnostic("E0107", message, "expected `:`", "add `:` at the end of the line", at=end)
    if re.fullmatch(r"run [a-z]+", text):
        help_ = "add `:` and the code below, or the name of a file in quotes"
        return p.diagnostic("E0107", f"`{text}` opens a block with `:`", "expected `:` or a string", help_, at=end)
    return None


def _misplaced(p: Stop) -> Diagnostic | None:
    """Lines that belong to blocks of another kind."""
    first = p.source.split()[0].rstrip(":") if p.source.split() else ""
    if p.before.strip() != first:
        return None
    if first in _HOMES and re.match(r"\w", p.word):
        message = f"`{first}` stands {_HOMES[first]}"
        return p.diagnostic("E0505", message, "not here", at=p.margin, width=len(first))
    if p.source.strip() == "state:":
        help_ = "declare it as `operator name(…)`, which keeps a state from run to run"
        message = "a task has no setting `state`"
        return p.diagnostic("E0204", message, "unknown setting", help_, at=p.margin, width=len(first))
    return None


def _foreign(p: Stop) -> Diagnostic | None:
    first = p.source.split()[0].rstrip(":(") if p.source.split() else ""
    if (first in _WORDS and p.before.strip() in ("", first)) or first in ("while", "elif", "if", "for", "def"):
        message = f"there is no `{first}` here"
        return p.diagnostic("E0110", message, "not a word of EDSL", _WORDS[first], at=p.margin, width=len(first))
    if p.before.strip() == "else" and p.word == "if":
        return p.diagnostic("E0110", "there is no `else if` here", "not a word of EDSL", "use `else when … :`")
    return _foreign_sign(p)


def _foreign_sign(p: Stop) -> Diagnostic | None:
    sign, at = p.word, p.column
    if not p.at_end and sign in _SIGNS and (sign != "?" or p.before.endswith(" ")):
        what = "a sign" if sign in _PUNCTUATION else "an operator"
        known = sign in _BETWEEN
        message = f"`{sign}` stands between two values" if known else f"`{sign}` is not {what} of EDSL"
        label = "not here" if known else "not known"
        return p.diagnostic("E0111", message, label, _SIGNS[sign], at=at, width=len(sign))
    if p.word in ("*", "+", "/", "-") and p.source[p.column : p.column + 1] == "=":
        return p.diagnostic("E0111", f"`{p.word}=` is not an operator of EDSL", "not known", _SIGNS["+="])
    return None


def _unbounded(p: Stop) -> Diagnostic | None:
    if p.source.strip().startswith("repeat") and "UP" in p.expected:
        help_ = "write `repeat up to 10:`; every loop has a bound"
        return p.diagnostic("E0112", "`repeat` needs a bound", "expected `up to N`", help_)
    return None


def _unit(p: Stop) -> Diagnostic | None:
    match = re.search(r"(\d[\d_]*(?:\.\d+)?)( *)$", p.before)
    near = [u for table in (quantities.SIZES, quantities.DURATIONS, quantities.BANDWIDTHS) for u in table]
    if p.word == "$":
        help_ = f"write `${match[1]}`" if match and not match[2] else "write `$5`, and `-$5` for less than nothing"
        return p.diagnostic("E0120", "`$` stands right before a number", "not here", help_)
    if match and match[2] and p.word in near:
        return p.diagnostic("E0120", "a unit stands right after its number", "apart", f"write `{match[1]}{p.word}`")
    if not match or match[2] or not re.match(r"[A-Za-z]", p.word):
        return None
    close = [u for u in near if u.lower().startswith(p.word.lower()) or p.word.lower().startswith(u.lower())]
    known = ", ".join(f"`{match[1]}{u}`" for u in close[:3]) or "sizes `GiB`, durations `min`, money `$5`"
    return p.diagnostic("E0120", f"`{p.word}` is not a unit", "unknown unit", f"write {known}")


def _case(p: Stop) -> Diagnostic | None:
    """A type where a name is wanted, and the reverse."""
    if "NAME" in p.expected and "TNAME" not in p.expected and re.match(r"[A-Z]", p.word):
        help_ = f"write `{p.word[0].lower()}{p.word[1:]}`" if p.word[1:].islower() else ""
        return p.diagnostic("E0101", f"`{p.word}` begins like a type", "names begin with a small letter", help_)
    if "TNAME" in p.expected and "NAME" not in p.expected and re.match(r"[a-z]", p.word):
        help_ = type_help(p.word) or f"write `{p.word[0].upper()}{p.word[1:]}`"
        return p.diagnostic("E0101", f"`{p.word}` begins like a name", "types begin with a capital letter", help_)
    return None


def _chain(p: Stop) -> Diagnostic | None:
    if re.fullmatch(_COMPARISON, p.word) and re.search(rf"[\w)\]] *({_COMPARISON}) *[^\s]", p.before):
        help_ = "say both: `low < x and x < high`"
        return p.diagnostic("E0101", f"a comparison is not compared: a second `{p.word}`", "not here", help_)
    return None


def _dropped(p: Stop) -> Diagnostic | None:
    """An expression where a step stands."""
    if not re.fullmatch(rf"{_COMPARISON}|[-+*/]|and|or|in", p.word) or not re.fullmatch(
        r" +[a-z_]\w*(\.\w+)* *", p.before
    ):
        return None
    message, help_ = "this value is computed and dropped", "bind it: `name = …`, or `assert` it"
    return p.diagnostic("E0508", message, "not a step", help_, at=p.margin, width=len(p.source.strip()))


def _statement(p: Stop) -> Diagnostic | None:
    wanted = {"_NL"} & p.expected
    if wanted and not p.at_end and re.match(r"[A-Za-z_\"0-9$]", p.word):
        label = "expected the end of the line"
        help_ = "one statement per line; between two values stands an operator"
        if percent := re.search(r"(\d[\d_]*)%\s*$", p.before):
            help_ = f"`{percent[1]}%` is a percent; the rest of a division has blanks: `{percent[1]} % {p.word}`"
        return p.diagnostic("E0119", f"`{p.word}` follows a complete statement", label, help_)
    return None


def _wanted(expected: AbstractSet[str]) -> str:
    if {"NAME", "INT", "LPAR"} <= expected:
        rest = ["a value"]
        expected = set()
    else:
        rest = []
    names = rest + sorted({_NAMES.get(e, "") for e in expected} - {""})
    if not names or len(names) > 6:
        return " or ".join(names[:3]) if names and len(names) <= 6 else ""
    return " or ".join(names) if len(names) <= 2 else ", ".join(names[:-1]) + " or " + names[-1]
