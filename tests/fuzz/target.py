"""What holds for any bytes at all: the compiler, the formatter and the lints answer, and agree with themselves."""

from __future__ import annotations

from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source
from econda_edsl.index.analysis import analyse
from econda_edsl.lint.run import lint


def holds(data: bytes) -> None:
    """Raise whatever a phase raises; `AssertionError` where two answers do not go together."""
    result = compile_source(data)
    assert result.ok == (not result.diagnostics)
    assert bool(result.render()) == bool(result.diagnostics)
    if result.ok:
        lint(analyse(result.text, {}, path="main.edsl"))
    once = format_source(data)
    if once.text is None:
        assert once.diagnostics
        return
    assert format_source(once.text).text == once.text
    again = compile_source(once.text)
    assert (again.plan and again.plan.digest) == (result.plan and result.plan.digest)
