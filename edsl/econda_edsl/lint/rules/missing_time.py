"""missing-time: a task whose expected run time nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.lint.rule import Finding, Program, Rule, setting


def check(program: Program) -> Iterator[Finding]:
    for task in program.tasks:
        if setting(task.needs, "time") is None:
            help_ = "add `time = 10min` to its `needs:`; a rough number is far better than none"
            message = f"how long `{task.name.text}` runs is not said"
            yield Finding(task.name.span, message, "no `time`", help_)


RULE = Rule(
    "missing-time",
    "a task without an expected run time",
    "Placement weighs what an offer costs per hour against how long the task takes, and the cost bounds of a "
    "pipeline are sums of run times. Without `time` both guess.",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        cpu = 4
    run shell:
        fit "$rows" "$OUT/model"
''',
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        cpu = 4
        time = 20min
    run shell:
        fit "$rows" "$OUT/model"
''',
    ("cost",),
    check,
)
