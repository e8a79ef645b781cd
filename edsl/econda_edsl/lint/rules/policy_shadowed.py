"""policy-shadowed: a rule of a policy that another one already says."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.formatting.tokens import TOKEN
from econda_edsl.lint.rule import Finding, Program, Rule

_NOTHING = ("gap", "newline", "comment")


def check(program: Program) -> Iterator[Finding]:
    policies = {d.name.text: d for d in program.declarations if isinstance(d, s.Policy)}
    for policy in policies.values():
        above: dict[tuple[str, str], tuple[str, int]] = {}
        base = policies.get(policy.extends.text) if policy.extends else None
        seen = {policy.name.text}
        while base is not None and base.name.text not in seen:
            seen.add(base.name.text)
            for rule in base.rules:
                above.setdefault(_said(program, rule), (base.name.text, rule.span.line))
            base = policies.get(base.extends.text) if base.extends else None
        for rule in policy.rules:
            if rule.kind not in ("forbid", "require"):
                continue
            said = _said(program, rule)
            if said in above:
                where, line = above[said]
                message = f"`{where}` already says so on line {line}"
                yield Finding(rule.span, message, "changes nothing", "remove it")
            above.setdefault(said, (policy.name.text, rule.span.line))


def _said(program: Program, rule: s.Rule) -> tuple[str, str]:
    """A rule without the spaces it is written with."""
    span = rule.expr.span
    lines = program.lines[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    words = [m[0] for m in TOKEN.finditer("\n".join(lines)) if m.lastgroup not in _NOTHING]
    return rule.kind, " ".join(words)


RULE = Rule(
    "policy-shadowed",
    "a rule that another rule already says",
    "A policy keeps all `forbid` and `require` rules of the one it extends; saying one again changes nothing, and "
    "whoever changes the first will wonder why nothing happens.",
    '''edsl 1

policy house:
    """For everyone."""
    forbid when offer.spot and task.time > 2h because "too long to lose"

policy nightly extends house:
    """At night."""
    forbid when offer.spot and task.time > 2h because "too long to lose"
    minimize offer.cost
''',
    '''edsl 1

policy house:
    """For everyone."""
    forbid when offer.spot and task.time > 2h because "too long to lose"

policy nightly extends house:
    """At night."""
    minimize offer.cost
''',
    ("policy",),
    check,
)
