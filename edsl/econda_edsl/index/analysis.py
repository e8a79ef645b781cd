"""One version of a text, examined: what is wrong with it, and what its names mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from econda_edsl.compile import Checked, examine
from econda_edsl.diagnostics import NOWHERE, Diagnostic, in_source_order
from econda_edsl.index.build import build_index
from econda_edsl.index.memory import Memory
from econda_edsl.index.repair import repaired
from econda_edsl.index.symbols import Index
from econda_edsl.layout import SOURCE_BYTES, normalise, too_large


@dataclass(frozen=True, slots=True)
class Analysis:
    """`checked` and `index` are of the text without the lines that do not parse; None if nothing can be examined."""

    text: str
    lines: list[str]
    diagnostics: tuple[Diagnostic, ...]
    checked: Checked | None
    index: Index


def analyse(text: str, files: Mapping[str, bytes] | None = None, memory: Memory | None = None) -> Analysis:
    """Examine a text. Never raises for what a user wrote; `files` are the code files of its bundle."""
    text = normalise(text)
    lines = text.split("\n")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SOURCE_BYTES:
        return Analysis(text, lines, (too_large(size),), None, Index())
    if memory is not None:
        memory.turn()
    try:
        checked = examine(text, files or {}, memo=memory)
        problems = list(checked.problems)
        whole = repaired(text, problems, memory) if not checked.parsed.complete else text
        if whole != text:
            checked = examine(whole, files or {}, memo=memory)
        index = build_index(checked, whole.split("\n"))
    except RecursionError:
        problem = Diagnostic("E0109", "this program is nested too deep", NOWHERE, help="bind parts of it to names")
        return Analysis(text, lines, (problem,), None, Index())
    return Analysis(text, lines, in_source_order(problems), checked, index)
