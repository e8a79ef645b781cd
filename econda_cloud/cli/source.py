"""Reading what a user points at: an .edsl file or a .zip bundle, and parameters given as NAME=VALUE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from econda_edsl.bundle import BundleError, read_bundle
from econda_edsl.compile import Compilation, compile_source
from econda_edsl.parameters import bind_parameters
from econda_edsl.plan import Plan

from econda_cloud.cli.output import NOT_COMPILED, USAGE, stop
from econda_cloud.worker.pins import LOCK_NAME, BadPins, take_lock, with_pins

CODE_SUFFIXES = {".py", ".sh"}


@dataclass(frozen=True)
class Loaded:
    """A compiled pipeline with its source, its code files and the parameters that came in its bundle."""

    path: str
    source: bytes
    plan: Plan
    files: dict[str, bytes]
    params: dict[str, Any]


def compile_file(path: Path, pipeline: str | None) -> tuple[Compilation, dict[str, bytes], dict[str, Any]]:
    """Compile a file; code files beside an .edsl file count as its bundle. Ends the command if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        stop(f"error: cannot read {path}: {error.strerror}", USAGE)
    if path.suffix == ".zip":
        try:
            bundle = read_bundle(data)
        except BundleError as error:
            stop(f"error: {path}: {error}", NOT_COMPILED)
        compiled, files = _compile(bundle.source, bundle.source_path, bundle.files, pipeline)
        return compiled, files, dict(bundle.params)
    files = {
        str(file.relative_to(path.parent)): file.read_bytes()
        for file in sorted(path.parent.glob("*"))
        if (file.suffix in CODE_SUFFIXES or file.name == LOCK_NAME) and file.is_file()
    }
    return *_compile(data, str(path), files, pipeline), {}


def _compile(
    source: bytes, path: str, files: Mapping[str, bytes], pipeline: str | None
) -> tuple[Compilation, dict[str, bytes]]:
    """The compilation, its plan with the pins of the lock among the files, and the other files."""
    try:
        code, pins = take_lock(files)
    except BadPins as error:
        stop(f"error: {error}", NOT_COMPILED)
    compiled = compile_source(source, path, files=code, pipeline=pipeline)
    if compiled.plan is not None:
        compiled = replace(compiled, plan=with_pins(compiled.plan, pins))
    return compiled, code


def load(path: Path, pipeline: str | None) -> Loaded:
    """Like `compile_file`, but ends the command with the diagnostics if the file does not compile."""
    compiled, files, params = compile_file(path, pipeline)
    if compiled.plan is None:
        stop(compiled.render(), NOT_COMPILED)
    used = {name: files[name] for name in compiled.plan.code if name in files}
    return Loaded(str(path), compiled.text.encode(), compiled.plan, used, params)


def bind(loaded: Loaded, given: list[str]) -> dict[str, Any]:
    """Typed parameters from the bundle and the command line, the latter first. Ends the command if any is wrong."""
    raw: dict[str, Any] = dict(loaded.params)
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            stop(f"error: `{pair}` is not NAME=VALUE", USAGE)
        raw[name] = value
    values, errors = bind_parameters(loaded.plan, raw)
    if errors:
        stop("\n".join(f"error: {error}" for error in errors), USAGE)
    return values
