"""A text with errors of syntax made readable: lines that cannot be parsed become others, so that positions stay."""

from __future__ import annotations

import re
from collections.abc import Iterable

from econda_edsl.compiler.parse.layout import lay_out
from econda_edsl.compiler.parse.parser import Memo, parse
from econda_edsl.diagnostics import Diagnostic

ROUNDS = 6
_BINDS = re.compile(r"\s*([a-z_]\w*)\s*=(?!=)")
_WHOLE_FILE = frozenset({"E0109", "E0113", "E0115"})


def repaired(text: str, problems: Iterable[Diagnostic], memo: Memo | None = None) -> str:
    """The text with other lines in place of those that `problems` of syntax point at.

    A binding keeps its name, a header its block; where that does not help, the line is left blank.
    """
    lines = text.split("\n")
    found = list(problems)
    changed: set[int] = set()
    for _ in range(ROUNDS):
        if any(d.code in _WHOLE_FILE for d in found):
            break
        hit = {d.span.line for d in found if d.code.startswith("E01") and d.code != "E0116"}
        hit = {n for n in hit if 0 < n <= len(lines) and lines[n - 1].strip()}
        if not hit:
            break
        for number in hit:
            lines[number - 1] = "" if number in changed else _harmless(lines[number - 1])
        changed |= hit
        layout, found = lay_out("\n".join(lines))
        _, more = parse(layout, memo)
        found += more
    return "\n".join(lines)


def _harmless(line: str) -> str:
    """A line that parses and keeps what others need of this one: the name it binds, or that it opens a block."""
    margin = line[: len(line) - len(line.lstrip(" \t"))]
    if not margin:
        return ""
    if line.rstrip().endswith(":"):
        return f"{margin}when true:"
    bound = _BINDS.match(line)
    return f"{margin}{bound[1]} = none" if bound else f"{margin}assert true"
