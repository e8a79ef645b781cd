"""`econda import`: what other systems describe or have recorded, as a pipeline and a report of what is lost."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from econda_edsl.compiler.compile import compile_source
from econda_edsl.importing.formats import FORMATS, import_file
from econda_edsl.importing.report import Imported, NotImported
from econda_edsl.plan import Plan
from econda_edsl.plan.nodes import all_nodes
from econda_edsl.writing.source import source_text

from econda_cloud.cli.options import Json
from econda_cloud.cli.output import INCOMPLETE, NOT_COMPILED, USAGE, print_json, stop


def import_(
    file: Annotated[Path, typer.Argument(help="a state machine, CWL, Airflow DAG file, WfFormat or Nextflow trace")],
    out: Annotated[Path, typer.Option("--out", "-o", help="the folder to write to")] = Path("."),
    format_: Annotated[
        str | None, typer.Option("--from", help=f"{', '.join(FORMATS)}; found from the content if not given")
    ] = None,
    time_scale: Annotated[
        str, typer.Option("--time-scale", help="of recordings: seconds slept per second recorded, such as 1/1000")
    ] = "1/1000",
    part: Annotated[str | None, typer.Option("--part", help="of a packed CWL document; `main` if not given")] = None,
    force: Annotated[bool, typer.Option("--force", help="write over files that are there")] = False,
    json: Json = False,
) -> None:
    """Write a pipeline from another system's workflow. Nothing of it is executed. Example: econda import dag.py -o new"""
    if format_ is not None and format_ not in FORMATS:
        stop(f"error: `{format_}` is no format; it is one of {', '.join(FORMATS)}", USAGE)
    found = _read(file, format_, _scale(time_scale), part)
    text = source_text(found.program)
    names = [pipeline.name for pipeline in found.program.pipelines]
    name = names[0]
    path = out / f"{name}.edsl"
    _write({path: text.encode(), **{out / each: data for each, data in found.files.items()}}, force=force)
    plans = [_compiled(text, path, found, each) for each in names]
    steps, edges = (sum(numbers) for numbers in zip(*map(_counts, plans), strict=True))
    if json:
        gaps = [{"where": g.where, "what": g.what, "why": g.why, "instead": g.instead} for g in found.gaps]
        files = [str(path), *(str(out / each) for each in found.files)]
        print_json({"format": found.format, "files": files, "steps": steps, "edges": edges, "gaps": gaps})
        raise typer.Exit(INCOMPLETE if found.gaps else 0)
    shown = f"pipeline{'s' if len(names) > 1 else ''} {', '.join(names)}"
    typer.echo(f"{path}: {shown} from {found.format}, {steps} steps, {edges} dependencies")
    if found.gaps:
        typer.echo(f"{len(found.gaps)} not carried over:")
    for gap in found.gaps:
        typer.echo(f"  {gap}")
    if found.gaps:
        raise typer.Exit(INCOMPLETE)


def _compiled(text: str, path: Path, found: Imported, name: str) -> Plan:
    compiled = compile_source(text, str(path), files=found.files, pipeline=name)
    if compiled.plan is None:
        # Other systems know their types later, so a value may not fit where it goes. What is right is worth keeping.
        stop(f"error: {path} is written, but must be corrected before it runs\n{compiled.render()}", NOT_COMPILED)
    return compiled.plan


def _read(file: Path, format_: str | None, scale: float, part: str | None) -> Imported:
    try:
        data = file.read_bytes()
    except OSError as error:
        stop(f"error: cannot read {file}: {error.strerror}", USAGE)
    try:
        return import_file(data, str(file), format_, scale=scale, part=part)
    except NotImported as error:
        stop(f"error: {error}", NOT_COMPILED)


def _scale(text: str) -> float:
    try:
        scale = Fraction(text.replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        scale = Fraction(-1)
    if not 0 <= scale <= 1000:
        stop(f"error: --time-scale `{text}` is no number from 0 to 1000, such as 1/1000 or 0.01", USAGE)
    return float(scale)


def _write(files: dict[Path, bytes], *, force: bool) -> None:
    there = [path for path in files if path.exists()]
    if there and not force:
        stop(f"error: {there[0]} is there already; --force writes over it, -o takes another folder", USAGE)
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        stop(f"error: cannot write {error.filename}: {error.strerror}", USAGE)


def _counts(plan: Plan) -> tuple[int, int]:
    """Steps and dependencies, those of inner blocks included."""
    nodes = list(all_nodes(plan.body))
    return len(nodes), sum(len(node.waits) for node in nodes)
