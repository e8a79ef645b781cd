"""tag-not-digest: an image whose content may change under its name."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.lint.rule import Finding, Program, Rule, setting


def check(program: Program) -> Iterator[Finding]:
    for task in program.tasks:
        named = [x.value for x in [setting(task.settings, "image")] if x is not None]
        named += [run.target for run in task.runs if run.language.text == "container" and run.target is not None]
        for image in named:
            if isinstance(image, s.Text) and image.plain and "@sha256:" not in image.plain:
                help_ = "name its content: `name@sha256:…`, as the registry shows it"
                yield Finding(image.span, f"the image of `{task.name.text}` may change under its name", "a tag", help_)


RULE = Rule(
    "tag-not-digest",
    "an image by its tag",
    "A tag can be pushed again with other content: the same pipeline then computes something else, and a cached "
    "result belongs to an image that nobody can find any more. A digest names one content for ever.",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1h
    image = "registry.example/train:1.4"
    run shell:
        fit "$rows" "$OUT/model"
''',
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1h
    image = "registry.example/train@sha256:2f7d3c5b9a1e4d60c8f2b7a93e5d1c046f8a7b2d9e3c5f10a4b6c8d2e7f90135"
    run shell:
        fit "$rows" "$OUT/model"
''',
    ("reproducibility",),
    check,
)
