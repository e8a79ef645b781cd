"""One version of a text, examined: what is wrong with it, and what its names mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from econda_edsl.compiler.check.module import Checked
from econda_edsl.compiler.compile import examine
from econda_edsl.compiler.parse.layout import SOURCE_BYTES, normalise, too_large
from econda_edsl.diagnostics import NOWHERE, Diagnostic, in_source_order
from econda_edsl.index.build import build_index
from econda_edsl.index.memory import Memory
from econda_edsl.index.repair import repaired
from econda_edsl.index.symbols import Index


@dataclass(frozen=True, slots=True)
class Analysis:
    """`checked` and `index` are of the text without the lines that do not parse; None if nothing can be examined.

    `diagnostics` are those of this text, `imported` those of files it imports.
    """

    text: str
    lines: list[str]
    diagnostics: tuple[Diagnostic, ...]
    checked: Checked | None
    index: Index
    imported: tuple[Diagnostic, ...] = ()


def analyse(
    text: str, files: Mapping[str, bytes] | None = None, memory: Memory | None = None, path: str = "pipeline.edsl"
) -> Analysis:
    """Examine a text. Never raises for what a user wrote; `files` are the other files of its bundle, by path."""
    text = normalise(text)
    lines = text.split("\n")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SOURCE_BYTES:
        return Analysis(text, lines, (too_large(size),), None, Index())
    if memory is not None:
        memory.turn()
    try:
        checked = examine(text, files or {}, path=path, memo=memory)
        problems = list(checked.problems)
        others = [m for m in checked.modules.values() if m is not checked and m.unit.path != checked.unit.path]
        imported = in_source_order([replace(d, path=m.unit.path) for m in others for d in m.problems])
        whole = repaired(text, problems, memory) if not checked.parsed.complete else text
        if whole != text:
            checked = examine(whole, files or {}, path=path, memo=memory)
        index = build_index(checked, whole.split("\n"))
    except RecursionError:
        problem = Diagnostic("E0109", "this program is nested too deep", NOWHERE, help="bind parts of it to names")
        return Analysis(text, lines, (problem,), None, Index())
    return Analysis(text, lines, in_source_order(problems), checked, index, imported)
