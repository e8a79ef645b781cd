"""Inputs and outputs as the code of a task speaks of them: `$name` and `$OUT/name` in a shell, variables in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from econda_edsl.diagnostics import Span

BY_FILE = "_file"
"""`$rows_file` is the path of a file with the input `rows`."""
_SHELL = re.compile(r"\$OUT/([a-z_]\w*)|\$\{OUT\}/([a-z_]\w*)|\$([a-z_]\w*)|\$\{([a-z_]\w*)")


def names_in_code(language: str, body: str, header: int, lines: list[str]) -> Iterator[tuple[str, Span]]:
    """Names in a code body with their places in the file; `header` is the line of its `run`.

    Python that does not parse has none, and so have other languages.
    """
    code = body.split("\n")[:-1]
    margins = [len(line) - len(line.lstrip(" ")) for line in lines[header : header + len(code)] if line.strip()]
    depth = min(margins, default=0)
    found = _in_python(body) if language == "python" else _in_shell(code) if language == "shell" else iter(())
    for name, line, column in found:
        yield name, Span(header + line, depth + column, header + line, depth + column + len(name))


def _in_shell(code: list[str]) -> Iterator[tuple[str, int, int]]:
    for number, line in enumerate(code, 1):
        for match in _SHELL.finditer(line):
            group = match.lastindex or 1
            yield match[group], number, match.start(group) + 1


def _in_python(body: str) -> Iterator[tuple[str, int, int]]:
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = body.encode("utf-8", "replace").split(b"\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            # The library counts bytes, an editor letters.
            before = lines[node.lineno - 1][: node.col_offset].decode("utf-8", "replace")
            yield node.id, node.lineno, len(before) + 1
