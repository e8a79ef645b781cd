"""inline-install: code that installs packages while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from econda_edsl.diagnostics import Span
from econda_edsl.lint.rule import Finding, Program, Rule

_INSTALL = re.compile(
    r"\b(?:(?:uv\s+)?pip3?\s+install|(?:conda|mamba|micromamba)\s+install|apt(?:-get)?\s+(?:-\S+\s+)*install|apk\s+add"
    r"|yum\s+install|dnf\s+install|npm\s+(?:install|i)\b|install\.packages\s*\(|Pkg\.add\s*\()"
)


def check(program: Program) -> Iterator[Finding]:
    for task in program.tasks:
        for run in task.runs:
            if run.body is None:
                continue
            first = run.language.span.line
            for offset in range(1, run.body.count("\n") + 1):
                line = program.lines[first + offset - 1]
                match = _INSTALL.search(line)
                if match is None or line.lstrip().startswith("#"):
                    continue
                span = Span(first + offset, match.start() + 1, first + offset, match.end() + 1)
                help_ = 'name them in `packages = ["name==1.2.*"]`, or bring an `image`'
                message = f"`{task.name.text}` installs packages every time it runs"
                yield Finding(span, message, "neither pinned nor kept", help_)


RULE = Rule(
    "inline-install",
    "a task that installs packages while it runs",
    "Every attempt pays for the download, and gets whatever versions are newest that day. `packages` are resolved "
    "once to pins with hashes, installed once, and mounted by every attempt.",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1min
    run shell:
        pip install scikit-learn
        python fit.py "$rows" "$OUT/model"
''',
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 1min
    packages = ["scikit-learn==1.7.*"]
    run shell:
        python fit.py "$rows" "$OUT/model"
''',
    ("cost", "reproducibility"),
    check,
)
