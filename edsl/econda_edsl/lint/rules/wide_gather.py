"""wide-gather: a loop whose gathered values are too much to keep beside the run."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.expressions.constants import MISSING
from econda_edsl.compiler.types import model as t
from econda_edsl.lint.rule import Finding, Program, Rule

INLINE_BYTES = 256 * 1024
# What a value takes in the log, roughly: a number, a text, a reference to an artifact, an element count not known.
_NUMBER, _TEXT, _ARTIFACT, _ELEMENTS = 12, 40, 160, 100


def check(program: Program) -> Iterator[Finding]:
    for step in program.steps():
        if not isinstance(step, s.Foreach):
            continue
        gather = next((x for x in step.body.steps if isinstance(x, s.Gather)), None)
        if gather is None:
            continue
        members = _members(step, program)
        found = program.checked.inference.types.get(gather.expr, t.UNKNOWN)
        if members is None or not found.known:
            continue
        size = members * weight(found)
        if size > INLINE_BYTES:
            message = f"up to {members:,} members gather about {size // 1024:,} KiB"
            help_ = "write what is large to a File in the task, and gather the File or a summary"
            yield Finding(gather.expr.span, message, f"each is {found.label:.60}", help_)


def _members(step: s.Foreach, program: Program) -> int | None:
    parts = program.checked.parts
    assert parts is not None
    if step.up_to is not None:
        if not parts.constants.sound(step.up_to):
            return None
        value = parts.constants.compute(step.up_to)
        return value if isinstance(value, int) and value is not MISSING else None
    total = 1
    for _, over in step.over:
        length = parts.steps.lengths.get(over, len(over.items) if isinstance(over, s.Items) else None)
        if length is None:
            return None
        total *= length
    return total


def weight(found: t.Type) -> int:
    """About how many bytes a value takes, written down."""
    if found.kind == "optional":
        return weight(found.inner)
    if t.is_artifact(found):
        return _ARTIFACT
    if found.kind == "record":
        return 2 + sum(len(name) + 4 + weight(kind) for name, kind in found.fields.items())
    if found.kind in ("list", "map"):
        return _ELEMENTS * weight(found.args[-1])
    return _TEXT if found.label == "String" or found.kind == "choice" else _NUMBER


RULE = Rule(
    "wide-gather",
    "a loop that gathers too much",
    "What a `foreach` gathers is kept with the run, read by every step that uses it and shown on its page. Above "
    "256 KiB it is moved to a file of its own, and every reader pays for all of it. Counted are the bound of the "
    "loop times about 12 bytes per number, 40 per text, 160 per file, and 100 elements per list.",
    '''edsl 1

task fit(rate: Float) -> (losses: List[Float]):
    """Fit, and tell every loss."""
    needs:
        time = 1min
    run python:
        from learning import train

        losses = train(rate)

pipeline main(rates: List[Float]) -> (best: Float):
    """Try many."""
    tried = foreach rate in rates up to 1000:
        one = fit(rate)
        gather one.losses
    return best = min(flatten(tried.done))
''',
    '''edsl 1

task fit(rate: Float) -> (loss: Float):
    """Fit, and tell the last loss."""
    needs:
        time = 1min
    run python:
        from learning import train

        loss = train(rate)[-1]

pipeline main(rates: List[Float]) -> (best: Float):
    """Try many."""
    tried = foreach rate in rates up to 1000:
        one = fit(rate)
        gather one.loss
    return best = min(tried.done)
''',
    ("cost",),
    check,
)
