"""`econda emit`: a pipeline written in Python as EDSL text."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from econda_cloud.cli.language.source import compile_file
from econda_cloud.cli.output import NOT_COMPILED, USAGE, stop


def emit(
    source: Annotated[
        str, typer.Argument(metavar="FILE.py[:PIPELINE]", help="a Python file that you trust: it is executed")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="the folder to write to; else beside the file")
    ] = None,
) -> None:
    """Execute a Python file and write its pipeline as EDSL. Example: econda emit flow.py:main && econda run main.edsl"""
    from econda_edsl.python import Pipeline, TraceError

    name, _, wanted = source.rpartition(":") if ".py:" in source else (source, "", "")
    path = Path(name)
    if not path.is_file():
        stop(f"error: there is no file {path}", USAGE)
    try:
        module = _load(path)
    except TraceError as error:
        stop(f"error: {path}: {error}", NOT_COMPILED)
    found = {p.name: p for p in vars(module).values() if isinstance(p, Pipeline)}
    if not found:
        stop(f"error: {path} has no pipeline; write one as a function under @pipeline", USAGE)
    chosen = found.get(wanted or ("main" if "main" in found else next(iter(found)) if len(found) == 1 else ""))
    if chosen is None:
        stop(f"error: say which pipeline of {path}: {', '.join(f'{path}:{each}' for each in found)}", USAGE)
    try:
        text = chosen.edsl()
    except TraceError as error:
        stop(f"error: {_place(error, path)}: {error}", NOT_COMPILED)
    written = (out or path.parent) / f"{chosen.name}.edsl"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(text)
    typer.echo(f"wrote {written}", err=True)
    compiled, _, _ = compile_file(written, None)
    if not compiled.ok:
        stop(compiled.render(), NOT_COMPILED)


def _load(path: Path) -> Any:
    """Import a file by its name, as workers do, so that its tasks are found under that name."""
    sys.path.insert(0, str(path.parent.resolve()))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _place(error: BaseException, path: Path) -> str:
    """The last line of the user's file that the error went through."""
    traceback, line = error.__traceback__, 0
    while traceback is not None:
        if Path(traceback.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{path}:{line}" if line else str(path)
