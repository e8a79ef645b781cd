"""Parameters of a command: those of files and those of the command line, the later ones standing.

default < `params.yaml` beside the pipeline or in its bundle < `--params FILE` < `-p` and `--set`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from econda_edsl.compiler.modules.bundle import PARAMS
from econda_edsl.parameters.bind import bind_parameters
from econda_edsl.parameters.files import BadParams, read_params
from econda_edsl.parameters.given import DataIn, Given, Plain
from econda_edsl.parameters.paths import BadPath, give
from econda_edsl.plan import Plan

from econda_cloud.cli.output import USAGE, stop

IN_BUNDLE = "bundle:"
"""Where paths start that stand in the parameters of a bundle."""


@dataclass(frozen=True)
class Asked:
    """What the command line says of parameters: `-p` and `--set` as NAME=VALUE, and files."""

    pairs: Sequence[str] = ()
    files: Sequence[Path] = ()


def asked(param: list[str] | None, sets: list[str] | None, files: list[Path] | None) -> Asked:
    return Asked([*(param or []), *(sets or [])], files or [])


def params_beside(path: Path) -> dict[str, Given]:
    """The parameters that lie beside a pipeline: `params.yaml`, then `NAME.params.yaml`; says so on standard error.

    Ends the command if one cannot be read.
    """
    found: dict[str, Given] = {}
    for stem in ("", f"{path.stem}."):
        file = next((each for name in PARAMS if (each := path.parent / f"{stem}{name}").is_file()), None)
        if file is not None:
            found |= read_file(file)
            typer.echo(f"note: parameters are taken from {file}", err=True)
    return found


def read_file(file: Path) -> dict[str, Given]:
    """A file of parameters. Ends the command if it cannot be read."""
    try:
        read = read_params(file.read_bytes(), str(file))
    except OSError as error:
        stop(f"error: cannot read {file}: {error.strerror}", USAGE)
    except BadParams as error:
        stop(f"error: {error}", USAGE)
    return {name: each._replace(base=str(file.parent)) for name, each in read.items()}


def gathered(plan: Plan, bundled: dict[str, Given], asked: Asked) -> dict[str, Given]:
    """All that is given for the parameters of a plan. Ends the command if a file or a pair cannot be read."""
    given = dict(bundled)
    for file in asked.files:
        given |= read_file(file)
    for pair in asked.pairs:
        path, equals, value = pair.partition("=")
        if not equals:
            stop(f"error: `{pair}` is not NAME=VALUE", USAGE)
        try:
            give(plan, given, path, Given(Plain(value)))
        except BadPath as error:
            stop(f"error: {error}", USAGE)
    return given


def bound(plan: Plan, given: dict[str, Given], data: DataIn) -> dict[str, Any]:
    """Typed parameters, their files as `data` finds or stores them. Ends the command if any is wrong."""
    values, errors = bind_parameters(plan, given, data)
    if errors:
        stop("\n".join(f"error: {error}" for error in errors), USAGE)
    return values
