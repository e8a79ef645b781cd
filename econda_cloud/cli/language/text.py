"""Commands on the text of pipelines: format it, explain what is wrong with it."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Annotated

import typer
from econda_edsl.diagnostics.pages import UnknownCode, codes, page
from econda_edsl.diagnostics.render import render
from econda_edsl.diagnostics.spelling import did_you_mean
from econda_edsl.formatting.source import Formatted, format_source
from econda_edsl.lint.pages import page as lint_page
from econda_edsl.lint.rules import RULES

from econda_cloud.cli.output import NOT_COMPILED, USAGE, stop

Sources = Annotated[list[Path], typer.Argument(help=".edsl files; `-` is standard input, written to standard output")]


def fmt(
    files: Sources,
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 if a file would change")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="write nothing; show what would change")] = False,
) -> None:
    """Write files in the one style. Example: econda fmt sweep.edsl"""
    changed = refused = False
    for file in files:
        source = _read(file)
        formatted = format_source(source)
        if formatted.text is None:
            typer.echo(render(formatted.diagnostics, formatted.source, str(file)), err=True, nl=False)
            refused = True
            continue
        differs = formatted.text.encode() != source
        changed = changed or differs
        if diff:
            typer.echo(_difference(formatted, file), nl=False)
        elif check:
            if differs:
                typer.echo(f"would change {file}", err=True)
        elif str(file) == "-":
            typer.echo(formatted.text, nl=False)
        elif differs:
            file.write_bytes(formatted.text.encode())
            typer.echo(f"formatted {file}", err=True)
    if refused:
        raise typer.Exit(NOT_COMPILED)
    if changed and (check or diff):
        raise typer.Exit(1)


def explain(
    code: Annotated[
        str | None, typer.Argument(help="a code such as E0401, or a lint such as no-else; without one, all are listed")
    ] = None,
) -> None:
    """Tell what an error or a lint means, with examples. Example: econda explain E0401"""
    if code is None:
        for each in codes():
            typer.echo(f"{each}  {page(each).title}")
        for rule in RULES.values():
            typer.echo(f"{rule.id}  {rule.title}")
        return
    try:
        typer.echo(lint_page(code) if code.lower() in RULES else page(code).markdown, nl=False)
    except UnknownCode as error:
        near = did_you_mean(code, RULES)
        stop(f"error: {f'there is no lint `{code}`; {near}' if near else error}; `econda explain` lists all", USAGE)


def _difference(formatted: Formatted, file: Path) -> str:
    before = formatted.source.splitlines(keepends=True)
    after = (formatted.text or "").splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, str(file), str(file))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        stop(f"error: cannot read {file}: {error.strerror}", USAGE)
