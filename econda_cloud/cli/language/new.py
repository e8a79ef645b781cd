"""`econda new`: an example pipeline to begin with, in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from econda_cloud.cli.output import FAILED, USAGE, stop

EXAMPLES = {
    "hello": "one task",
    "sweep": "many settings side by side, and the best of them",
    "branch": "a decision in the middle of a run",
    "repeat": "again, until it is good",
    "digits": "a small training with packages, checkpoints and a GPU where there is one",
}
"""Those that need nothing but this program, and what they show."""


def _names(incomplete: str) -> list[tuple[str, str]]:
    return [(name, shows) for name, shows in EXAMPLES.items() if name.startswith(incomplete)]


def new(
    name: Annotated[
        str | None, typer.Argument(help="which example; all are listed if not given", autocompletion=_names)
    ] = None,
    folder: Annotated[Path | None, typer.Argument(help="where to put it; by default a folder of its name")] = None,
) -> None:
    """Write an example pipeline to begin with. Example: econda new sweep && econda run sweep/sweep.edsl"""
    if name is None:
        for each, shows in EXAMPLES.items():
            typer.echo(f"{each:8} {shows}")
        return
    if name not in EXAMPLES:
        stop(f"error: there is no example `{name}`; there are {', '.join(EXAMPLES)}", USAGE)
    target = folder or Path(name)
    source = _examples() / name
    files = {
        path.relative_to(source): path
        for path in sorted(source.rglob("*"))
        if path.is_file() and path.suffix in (".edsl", ".py")
    }
    if not files:
        files = {Path(f"{name}.edsl"): source.with_suffix(".edsl")}
    if there := next((target / each for each in files if (target / each).exists()), None):
        stop(f"error: {there} is there already; name another folder: `econda new {name} FOLDER`", USAGE)
    try:
        for each, path in files.items():
            (target / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / each)
    except OSError as error:
        stop(f"error: cannot write {error.filename}: {error.strerror}", FAILED)
    typer.echo(f"{target / f'{name}.edsl'}: {EXAMPLES[name]}; try `econda run {target / f'{name}.edsl'}`")


def _examples() -> Path:
    """In an installed package they lie in it, in a checkout beside it."""
    import econda_edsl

    package = Path(econda_edsl.__file__).parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.with_name("examples")
