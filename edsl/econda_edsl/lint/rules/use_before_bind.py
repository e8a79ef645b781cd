"""use-before-bind: a name read above the line that binds it."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    following = {n.expr: n for step in program.steps() if isinstance(step, s.Repeat) for n in step.nexts}
    spans = [(e.span.line, e.span.end_line) for e in following]
    seen: set[tuple[str, int]] = set()
    for reference in program.index.references:
        symbol = reference.symbol
        first = min(span.line for span in symbol.spans)
        line = reference.span.line
        if reference.binds or symbol.kind != "step" or line >= first or (symbol.name, line) in seen:
            continue
        if any(a <= line <= b for a, b in spans):
            # `next` speaks of the end of the round, wherever it stands.
            continue
        seen.add((symbol.name, line))
        message = f"`{symbol.name}` is read before it is bound"
        yield Finding(reference.span, message, f"bound on line {first}", "move the line below the one that binds it")


RULE = Rule(
    "use-before-bind",
    "a name read above the line that binds it",
    "The order of lines has no meaning, so this works. Readers still go from top to bottom, and find what a value "
    "is before they meet it.",
    '''edsl 1

pipeline main(n: Int) -> (out: Int):
    """Four times."""
    out = twice * 2
    twice = n * 2
    return out = out
''',
    '''edsl 1

pipeline main(n: Int) -> (out: Int):
    """Four times."""
    twice = n * 2
    out = twice * 2
    return out = out
''',
    ("style",),
    check,
)
