"""A text with errors of syntax made readable: lines that cannot be parsed are left blank, so that positions stay."""

from __future__ import annotations

from collections.abc import Iterable

from econda_edsl.diagnostics import Diagnostic
from econda_edsl.layout import lay_out
from econda_edsl.parse import Memo, parse

ROUNDS = 6
_WHOLE_FILE = frozenset({"E0109", "E0113", "E0115"})


def repaired(text: str, problems: Iterable[Diagnostic], memo: Memo | None = None) -> str:
    """The text without the lines that `problems` of syntax point at; as it is when that does not help."""
    lines = text.split("\n")
    found = list(problems)
    for _ in range(ROUNDS):
        if any(d.code in _WHOLE_FILE for d in found):
            break
        hit = {d.span.line for d in found if d.code.startswith("E01") and d.code != "E0116"}
        hit = {n for n in hit if 0 < n <= len(lines) and lines[n - 1].strip()}
        if not hit:
            break
        for number in hit:
            lines[number - 1] = ""
        layout, found = lay_out("\n".join(lines))
        _, more = parse(layout, memo)
        found += more
    return "\n".join(lines)
