"""unused-output: an output that every call makes and none uses."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.index.symbols import Symbol
from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    called: dict[str, set[str]] = {}
    for step in program.steps():
        if (
            isinstance(step, s.Bind | s.Effect)
            and isinstance(step.expr, s.Apply)
            and isinstance(step.expr.callee, s.Ref)
        ):
            called.setdefault(step.expr.callee.name, set()).add(step.name.text if isinstance(step, s.Bind) else "")
    whole = {x.name for x in program.index.symbols if x.kind == "step" and _passed_on(program, x)}
    for top in program.index.top():
        task = top.syntax
        steps = called.get(top.name)
        if not isinstance(task, s.Task) or top.origin is not None or not steps or steps & whole:
            continue
        outputs = [x for x in program.index.parts(top) if x.kind == "output"]
        unread = [x for x in outputs if not _read(program, x, task)]
        # Of whose outputs none is read is called for its effect; what it leaves behind is for people.
        if len(unread) < len(outputs):
            for output in unread:
                help_ = "remove it, or use it: an output is uploaded and kept for every call"
                message = f"nothing reads the output `{output.name}` of `{top.name}`"
                yield Finding(output.span, message, "made for nothing", help_)


def _passed_on(program: Program, step: Symbol) -> bool:
    """Whether the value of a step goes somewhere as a whole, with all its outputs."""
    for reference in program.index.of(step):
        line = program.lines[reference.span.line - 1]
        followed = line[reference.span.end_column - 1 :][:1] in (".", "?")
        if not reference.binds and not followed and not _after(line, reference.span.column):
            return True
    return False


def _after(line: str, column: int) -> bool:
    return " after " in line[:column]


def _read(program: Program, output: Symbol, task: s.Task) -> bool:
    first = task.name.span.line
    last = max((r.language.span.line + (r.body or "").count("\n") for r in task.runs), default=first)
    return any(not first <= r.span.line <= last for r in program.index.of(output))


RULE = Rule(
    "unused-output",
    "an output that nothing reads",
    "Every call makes it, uploads it and keeps it. Tasks that the file does not call are left alone, as "
    "others may import them, and so are tasks of whose outputs none is read: those are called for their effect.",
    '''edsl 1

task split(rows: Table) -> (train: Table, test: Table):
    """Split."""
    needs:
        time = 1min
    run shell:
        split "$rows" "$OUT/train" "$OUT/test"

pipeline main(rows: Table) -> (train: Table):
    """Split and keep one half."""
    halves = split(rows)
    return train = halves.train
''',
    '''edsl 1

task split(rows: Table) -> (train: Table):
    """Split."""
    needs:
        time = 1min
    run shell:
        split "$rows" "$OUT/train"

pipeline main(rows: Table) -> (train: Table):
    """Split and keep one half."""
    halves = split(rows)
    return train = halves.train
''',
    ("cost",),
    check,
)
