"""allow-reason: an exception says why, and is one."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.lint.allow import allows
from econda_edsl.lint.rule import Finding, Program, Rule


def check(program: Program) -> Iterator[Finding]:
    from econda_edsl.lint.rules import RULES

    known = allows(program)
    if not known:
        return
    others = [f for rule in RULES.values() if rule.id != "allow-reason" for f in _of(rule, program)]
    for allow in known:
        unknown = [x for x in allow.ids if x not in RULES]
        if unknown:
            help_ = did_you_mean(unknown[0], RULES) or "`econda explain` lists all"
            yield Finding(allow.span, f"there is no lint `{unknown[0]}`", "silences nothing", help_)
        elif not allow.reason:
            help_ = f"write `## allow: {', '.join(allow.ids)} - why this is right here`"
            yield Finding(allow.span, "an exception without a reason", "says not why", help_)
        elif not any(allow.silences(f) for f in others):
            yield Finding(allow.span, f"nothing here to allow `{', '.join(allow.ids)}` for", "silences nothing",
                          "remove it", ((allow.span, ""),))  # fmt: skip


def _of(rule: Rule, program: Program) -> Iterator[Finding]:
    for f in rule.check(program):
        yield Finding(f.span, f.message, lint=rule.id)


RULE = Rule(
    "allow-reason",
    "an exception without a reason",
    "A comment `## allow: lint-id - reason` silences a lint for the line beside it or below it, or for the whole "
    "declaration below it. The reason is for those who read it later; without one the lint is not silenced. An "
    "exception from a rule that does not exist, or that has nothing to say there, only misleads.",
    '''edsl 1

task pack(rows: Table) -> (box: File):
    """Pack rows."""
    needs:
        time = 1min
    ## allow: tag-not-digest
    image = "registry.example/pack:1.4"
    run shell:
        pack "$rows" > "$OUT/box"
''',
    '''edsl 1

task pack(rows: Table) -> (box: File):
    """Pack rows."""
    needs:
        time = 1min
    ## allow: tag-not-digest - the registry keeps tags for ever
    image = "registry.example/pack:1.4"
    run shell:
        pack "$rows" > "$OUT/box"
''',
    ("comments",),
    check,
)
