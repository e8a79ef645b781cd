"""called-handlers: a pipeline that is called as a step has handlers or publishes, which happens to whole runs only."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.compiler.syntax.steps import called_task
from econda_edsl.lint.rule import Finding, Program, Rule, setting


def check(program: Program) -> Iterator[Finding]:
    for step in program.steps():
        if not isinstance(step, s.Bind | s.Effect):
            continue
        called = called_task(step.expr, program.checked.tables.pipelines)
        if called is None:
            continue
        silent = [f"`on {handler.name.text}`" for handler in called.handlers]
        silent += ["`publish`"] * (setting(called.settings, "publish") is not None)
        if silent:
            help_ = "say it in the pipeline that calls it, or allow this lint with the reason why not"
            message = f"{' and '.join(silent)} of `{called.name.text}` will not happen"
            yield Finding(step.expr.span, message, "belongs to a run", help_)


RULE = Rule(
    "called-handlers",
    "a pipeline called as a step has handlers or publishes",
    "`on failure:`, `on cancel:` and `on any:` run when a run has ended. A pipeline that is called as a step is a part of "
    "another one's run, so its own handlers stay silent, nothing is copied to where it would `publish`, and whoever wrote that "
    "may expect it.",
    '''edsl 1

task note(text: String):
    """Tell someone."""
    needs:
        time = 1s
    run shell:
        echo "$text"

pipeline clean(n: Int):
    """Clean something."""
    note("cleaning {n}")

    on failure:
        note("cleaning failed")

pipeline main():
    """Clean everything."""
    clean(3)
''',
    '''edsl 1

task note(text: String):
    """Tell someone."""
    needs:
        time = 1s
    run shell:
        echo "$text"

pipeline clean(n: Int):
    """Clean something."""
    note("cleaning {n}")

pipeline main():
    """Clean everything."""
    clean(3)

    on failure:
        note("cleaning failed")
''',
    ("correctness",),
    check,
)
