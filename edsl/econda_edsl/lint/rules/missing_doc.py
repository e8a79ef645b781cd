"""missing-doc: a task or pipeline that does not say what it does."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    for d in (*program.tasks, *program.pipelines):
        if not d.doc:
            help_ = 'begin it with a line of `"""What it does."""`'
            yield Finding(d.name.span, f"`{d.name.text}` does not say what it does", "no doc", help_)


RULE = Rule(
    "missing-doc",
    "a task or pipeline without a doc",
    "The doc is what others see of it: in the editor, in `econda docs`, on the run's page. One sentence does.",
    """edsl 1

task fit(rows: Table) -> (model: Model):
    needs:
        time = 10min
    run shell:
        fit "$rows" "$OUT/model"
""",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit one model to all rows."""
    needs:
        time = 10min
    run shell:
        fit "$rows" "$OUT/model"
''',
    ("docs",),
    check,
)
