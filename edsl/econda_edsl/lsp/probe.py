"""The type before a dot that is being typed: the text is completed with a name that is not there, and examined."""

from __future__ import annotations

import re
from collections.abc import Mapping

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.types import model as t
from econda_edsl.compiler.types.model import Type
from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.index.memory import Memory
from econda_edsl.words import prelude

_PLACEHOLDER = "econda_asks_here"
_TYPED = re.compile(r"[A-Za-z_]\w*$")
_REST = re.compile(r"\w*")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def type_before_dot(
    lines: list[str], line: int, column: int, openers: str, files: Mapping[str, bytes], memory: Memory | None
) -> Type:
    """The type of `x` in `x.` at a place; for a selector (`by = .`) the type of the list's elements.

    `openers` are the brackets open there: if the line does not parse as it is, it is cut behind the name and they
    are closed.
    """
    text = lines[line - 1]
    before = _TYPED.sub("", text[: column - 1])
    rest = _REST.sub("", text[column - 1 :], count=1)
    closing = "".join(_CLOSERS[o] for o in reversed(openers))
    head = before.lstrip().split(" ")[0]
    colon = ":" if head in ("when", "else", "foreach") or " foreach " in before else ""
    for after in (rest, closing + colon):
        changed = [*lines]
        changed[line - 1] = before + _PLACEHOLDER + after
        analysis = analyse("\n".join(changed), files, memory)
        found = _asked(analysis)
        if found is not None:
            return found
    return t.UNKNOWN


def _asked(analysis: Analysis) -> Type | None:
    """None if the line did not parse."""
    if analysis.checked is None:
        return None
    types = analysis.checked.inference.types
    selected: s.Selector | None = None
    for expr in types:
        if isinstance(expr, s.Member) and expr.name.text == _PLACEHOLDER:
            return types.get(expr.base, t.UNKNOWN)
        if isinstance(expr, s.Selector) and expr.name == _PLACEHOLDER:
            selected = expr
    if selected is None:
        return None
    for expr in types:
        if isinstance(expr, s.Apply) and any(a.value is selected for a in expr.args):
            return types.get(expr.args[0].value, t.UNKNOWN).element
    return t.UNKNOWN


def attributes(found: Type) -> dict[str, Type]:
    """What can follow the dot."""
    inner = found.inner
    if t.is_artifact(inner):
        return {name: t.BUILTIN[kind] for name, kind in prelude.FILE_ATTRIBUTES.items()}
    return dict(inner.fields) if inner.kind == "record" else {}
