"""The page of every lint. `python -m econda_edsl.lint.pages` writes all of them as one document."""

from __future__ import annotations

import re
import sys

from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.lint.rules import RULES


class UnknownLint(LookupError):
    """There is no lint of this id; the message names a near one."""


def page(lint: str) -> str:
    """The page of a lint as Markdown. Raises `UnknownLint`."""
    rule = RULES.get(lint.lower())
    if rule is None:
        help_ = did_you_mean(lint, RULES)
        raise UnknownLint(f"there is no lint `{lint}`" + (f"; {help_}" if help_ else ""))
    return (
        f"# {rule.id}: {rule.title}\n\n{rule.why}\n\nAbout: {', '.join(rule.tags)}. "
        f"Silenced by `## allow: {rule.id} - reason`.\n\n"
        f"## Bad\n\n```edsl\n{rule.bad}```\n\n## Good\n\n```edsl\n{rule.good}```\n"
    )


def anchor(lint: str) -> str:
    """The lint's place in the document of all lints."""
    return re.sub(r"[^a-z0-9 -]", "", f"{lint} {RULES[lint].title}".lower()).replace(" ", "-")


def catalogue() -> str:
    """All pages as one Markdown document."""
    lines = [
        "# Lints",
        "",
        "Advice of `econda lint` on programs that are right. `econda explain no-else` shows one page.",
        "This file is written by `python -m econda_edsl.lint.pages`; change the rules in `edsl/econda_edsl/lint/rules`.",
        "",
        *(f"- [{rule.id}](#{anchor(rule.id)}) {rule.title}" for rule in RULES.values()),
        "",
    ]
    return "\n".join(lines) + "\n" + "\n".join(re.sub(r"^#", "##", page(i), flags=re.MULTILINE) for i in RULES)


if __name__ == "__main__":
    sys.stdout.write(catalogue())
