"""retry-on-any: every failure tried again, those of the code's own logic too."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    settings = [x for task in program.tasks for x in task.settings]
    settings += [x for step in program.steps() if isinstance(step, s.Bind | s.Effect) for x in step.settings]
    for setting in settings:
        if setting.name.text != "retry" or not isinstance(setting.value, s.Apply):
            continue
        for argument in setting.value.args:
            value = argument.value
            if (
                argument.name is not None
                and argument.name.text == "on"
                and isinstance(value, s.Ref)
                and value.name == "any"
            ):
                help_ = "name the kinds that pass: `on = [out_of_memory, timed_out]`; preemptions need no retry"
                yield Finding(value.span, "every failure is tried again", "wrong code too", help_)


RULE = Rule(
    "retry-on-any",
    "a retry of every failure",
    "Code that is wrong fails the same way every time; `on = any` pays for all attempts to learn it. Preempted and "
    "lost attempts are tried again anyway, and cost no attempt.",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1h
    retry = exponential(attempts = 5, first = 10s, on = any)
    run shell:
        fit "$rows" "$OUT/model"
''',
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1h
    retry = exponential(attempts = 5, first = 10s, on = [out_of_memory, timed_out])
    run shell:
        fit "$rows" "$OUT/model"
''',
    ("cost",),
    check,
)
