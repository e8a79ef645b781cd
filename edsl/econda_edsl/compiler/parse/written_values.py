"""Values written as other languages write them: what was meant, and how EDSL says it."""

from __future__ import annotations

import re

from econda_edsl.compiler.parse.stop import Stop
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.evaluate import quantities
from econda_edsl.words.other_languages import unit_in_edsl

_PREFIX = re.compile(r"(?<!\w)([fFrRbBuU]{1,2})$")
_KNOWN = frozenset((*quantities.SIZES, *quantities.DURATIONS, *quantities.BANDWIDTHS))
_ATOM = r"(?:[\w.]+(?:\([^()]*\))?)"


def prefixed_string(p: Stop) -> Diagnostic | None:
    """`f"{n} files"`: every string shows the values in its braces."""
    before = p.before
    if p.word[:1] == '"':
        found = _PREFIX.search(before)
    elif re.fullmatch(r"[fFrRbBuU]{1,2}", p.word) and p.source[p.column - 1 + len(p.word) :].startswith('"'):
        found = re.match(r"(\w+)", p.word)
    else:
        return None
    if found is None:
        return None
    prefix = found[1]
    at = p.column if p.word[:1] != '"' else found.start(1) + 1
    if "f" in prefix.lower():
        help_ = f'leave the `{prefix}` out: every string shows what stands in its braces, `"{{n}} files"`'
    else:
        help_ = f"leave the `{prefix}` out; `\\\\` is a backslash in a string, and `{{{{` a brace"
    return p.diagnostic("E0111", f"a string has no `{prefix}` before it", "not known", help_, at=at, width=len(prefix))


def written_range(p: Stop) -> Diagnostic | None:
    """`1 to 3`, `1:3`, `1...3`, `1..<3`: whole numbers from one to another."""
    source = p.source
    found = re.search(rf"\bin\s+({_ATOM})\s*(to|until|through|:|\.\.\.|\.\.<|\.\.=|<\.\.)\s*({_ATOM})", source)
    if found is None or not found.start(2) <= p.column - 1 <= found.end(3):
        return None
    low, sign, high = found[1].rstrip("."), found[2], found[3]
    half_open = sign in ("until", "..<", ":")
    help_ = f"write `{low}..{high}`, which has both ends"
    if half_open:
        help_ = f"write `range({low}, {high})` without {high}, or `{low}..{high}` with it"
    return p.diagnostic("E0111", f"`{sign}` makes no list of numbers", "not known", help_, at=found.start(2) + 1, width=len(sign))  # fmt: skip


def shell_name(p: Stop) -> Diagnostic | None:
    """`f($n)`: names stand without a sign."""
    found = re.match(r"\$\{?([a-z_]\w*)\}?", p.source[p.column - 1 :])
    if p.word != "$" or found is None:
        return None
    help_ = f'write `{found[1]}`, and `"{{{found[1]}}}"` inside of a string'
    return p.diagnostic("E0111", "names stand without a `$`", "not here", help_, width=len(found[0]))


def compared_binding(p: Stop) -> Diagnostic | None:
    """`x == 3` where a step stands: the second `=` is where the parser stops."""
    if p.word not in ("=", "==") or not re.fullmatch(r"\s*[a-z_]\w*\s*=?", p.before):
        return None
    found = re.fullmatch(r"\s*([a-z_]\w*)\s*==\s*(.*?)\s*", p.source)
    if found is None:
        return None
    help_ = f"write `{found[1]} = {found[2]}` to bind a name, `assert {found[1]} == {found[2]}` to require it"
    at = p.source.index("==") + 1
    return p.diagnostic("E0108", "`==` compares; it does not bind", "not here", help_, at=at, width=2)


def foreign_unit(p: Stop) -> Diagnostic | None:
    """`30m`, `512Mi`, `16gb`."""
    match = re.search(r"(\d[\d_]*(?:\.\d+)?)( *)$", p.before)
    if not match or not re.match(r"[A-Za-z]", p.word) or p.word in _KNOWN:
        return None
    setting = re.search(r"([a-z_]+)\s*=\s*[^=]*$", p.before)
    unit = unit_in_edsl(p.word, setting[1] if setting else "")
    if not unit or (match[2] and len(p.word) < 2):
        return None
    help_ = f"write `{match[1]}{unit}`"
    return p.diagnostic("E0120", f"`{p.word}` is not a unit", "unknown unit", help_)


VALUES = (compared_binding, prefixed_string, written_range, shell_name, foreign_unit)
