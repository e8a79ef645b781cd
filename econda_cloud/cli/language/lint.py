"""Advice on pipelines that are right."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from econda_edsl.compiler.modules.bundle import BundleError
from econda_edsl.compiler.parse.layout import decode
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.diagnostics.render import render
from econda_edsl.index.analysis import Analysis, analyse
from econda_edsl.lint.rule import Finding
from econda_edsl.lint.run import fixed
from econda_edsl.lint.run import lint as advice_on

from econda_cloud.cli.language.files_beside import files_beside
from econda_cloud.cli.options import Json
from econda_cloud.cli.output import USAGE, print_json, stop

Sources = Annotated[list[Path], typer.Argument(help=".edsl files, or folders of them")]


@dataclass(slots=True)
class _Report:
    """What was found in all files; `settled` is how many findings were fixed."""

    items: list[dict[str, object]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    settled: int = 0
    fixable: int = 0


def lint(
    files: Sources,
    fix: Annotated[bool, typer.Option("--fix", help="make the fixes that change nothing but the text")] = False,
    json: Json = False,
) -> None:
    """Give advice on files without errors; exit 1 if there is any. Example: econda lint sweep.edsl"""
    report = _Report()
    for file in _sources(files):
        _lint_file(file, fix, report)
    if json:
        print_json(report.items)
    else:
        typer.echo("\n".join([*report.texts, _summary(report)]))
    if report.items:
        raise typer.Exit(1)


def _sources(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.edsl")) if path.is_dir() else [path]
        found += [file for file in inside if file not in found]
    return found


def _lint_file(file: Path, fix: bool, report: _Report) -> None:
    try:
        data = file.read_bytes()
        beside = files_beside(file, data)
    except OSError as error:
        stop(f"error: cannot read {file}: {error.strerror}", USAGE)
    except BundleError as error:
        stop(f"error: {file}: {error}", USAGE)
    text, problems = decode(data)
    if problems:
        _tell(report, file, text, [(d, None) for d in problems])
        return
    if fix:
        better, settled = fixed(text, beside, file.name)
        report.settled += settled
        if better != text:
            file.write_text(better, "utf-8")
            text = better
    analysis = analyse(text, beside, path=file.name)
    _tell(report, file, text, _found(analysis))


def _found(analysis: Analysis) -> list[tuple[Diagnostic, Finding | None]]:
    """Errors as they are; advice in their form only if there are none."""
    if analysis.diagnostics:
        return [(d, None) for d in analysis.diagnostics]
    return [(Diagnostic(f.lint, f.message, f.span, f.label, help=f.help), f) for f in advice_on(analysis)]


def _tell(report: _Report, file: Path, text: str, found: list[tuple[Diagnostic, Finding | None]]) -> None:
    for d, finding in found:
        fixable = bool(finding and finding.fix)
        report.fixable += fixable
        kind = "lint" if finding else "error"
        shown = render([d], text, str(file))
        report.texts.append(shown.replace(f"error[{d.code}]", f"lint[{d.code}]", 1) if finding else shown)
        report.items.append({"path": str(file), "kind": kind, "code": d.code, "message": d.message, "help": d.help,
                             "fixable": fixable, **asdict(d.span)})  # fmt: skip


def _summary(report: _Report) -> str:
    parts = [f"{len(report.items)} finding{'s' * (len(report.items) != 1)}"]
    if report.settled:
        parts.append(f"{report.settled} fixed")
    if report.fixable:
        parts.append(f"{report.fixable} to be fixed with --fix")
    return ", ".join(parts) if report.items or report.settled else "nothing to say"
