"""no-else: several cases told apart, and nothing said about the rest."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    for step in program.steps():
        if isinstance(step, s.When) and len(step.arms) > 1 and step.arms[-1].test is not None:
            if _all_choices(step, program):
                continue
            help_ = 'add `else:`, with `fail "…"` if it must not happen'
            yield Finding(step.arms[-1].span, "other cases pass without a word", "the last case", help_)


def _all_choices(step: s.When, program: Program) -> bool:
    """Whether the cases are all words of a closed choice."""
    words: set[str] = set()
    subject = None
    for arm in step.arms:
        match arm.test:
            case s.Binary(op="eq", left=left, right=s.Text() as right) if right.plain is not None:
                text = program.lines[left.span.line - 1][left.span.column - 1 : left.span.end_column - 1]
                if subject not in (None, text):
                    return False
                subject = text
                words.add(right.plain)
                found = program.checked.inference.types.get(left)
                if found is not None and found.kind == "choice" and set(found.choices) <= words:
                    return True
            case _:
                return False
    return False


RULE = Rule(
    "no-else",
    "cases without an `else`",
    "A `when` with several cases reads as if they were all there are. If none holds, nothing happens, and nobody "
    "sees it. One case alone, or cases that name every word of a closed choice, need no `else`.",
    '''edsl 1

task page(text: String):
    """Call someone."""
    needs:
        time = 1s
    run shell:
        page "$text"

pipeline main(level: Int):
    """Tell someone."""
    when level > 8:
        page("wake up")
    else when level > 4:
        page("look")
''',
    '''edsl 1

task page(text: String):
    """Call someone."""
    needs:
        time = 1s
    run shell:
        page "$text"

pipeline main(level: Int):
    """Tell someone."""
    when level > 8:
        page("wake up")
    else when level > 4:
        page("look")
    else:
        page("all is well")
''',
    ("correctness",),
    check,
)
