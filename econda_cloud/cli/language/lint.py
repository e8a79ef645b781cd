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
from econda_edsl.lint.rules import RULES
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
    likely: list[tuple[int, str]] = field(default_factory=list)
    """Errors and advice that is not on style: how late it comes, and how it is told."""
    style: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each piece of advice on style its lint, where it is and how it is told."""
    settled: int = 0
    fixable: int = 0


def lint(
    files: Sources,
    fix: Annotated[bool, typer.Option("--fix", help="make the fixes that change nothing but the text")] = False,
    all_: Annotated[bool, typer.Option("--all", help="tell each piece of advice on style, not only how many")] = False,
    json: Json = False,
) -> None:
    """Give advice on files without errors, on what is likely wrong first; exit 1 if there is any. Example: econda lint sweep.edsl"""
    report = _Report()
    for file in _sources(files):
        _lint_file(file, fix, report)
    if json:
        print_json(report.items)
    else:
        style = [text for _, _, text in report.style] if all_ else _folded(report)
        typer.echo(
            "\n".join(
                [*(text for _, text in sorted(report.likely, key=lambda each: each[0])), *style, _summary(report)]
            )
        )
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
        shown = shown.replace(f"error[{d.code}]", f"lint[{d.code}]", 1) if finding else shown
        if finding and RULES[finding.lint].is_style:
            report.style.append((finding.lint, f"{file}:{d.span.line}", shown))
        else:
            likely = not finding or "correctness" in RULES[finding.lint].tags
            report.likely.append((0 if likely else 1, shown))
        report.items.append({"path": str(file), "kind": kind, "code": d.code, "message": d.message, "help": d.help,
                             "fixable": fixable, **asdict(d.span)})  # fmt: skip


def _folded(report: _Report) -> list[str]:
    """Advice on style as a line per lint: how often, and where first."""
    places: dict[str, list[str]] = {}
    for lint_, place, _ in report.style:
        places.setdefault(lint_, []).append(place)
    if not places:
        return []
    lines = [
        f"  {len(found)} x {lint_}: {RULES[lint_].title}, {'first ' * (len(found) > 1)}at {found[0]}"
        for lint_, found in sorted(places.items(), key=lambda each: (-len(each[1]), each[0]))
    ]
    return ["style, told one by one with --all:", *lines, ""]


def _summary(report: _Report) -> str:
    parts = [f"{len(report.items)} finding{'s' * (len(report.items) != 1)}"]
    if report.settled:
        parts.append(f"{report.settled} fixed")
    if report.fixable:
        parts.append(f"{report.fixable} to be fixed with --fix")
    return ", ".join(parts) if report.items or report.settled else "nothing to say"
