"""Reading what a user points at: an .edsl file or a .zip bundle, and parameters given as NAME=VALUE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from econda_edsl.compiler.compile import Compilation, compile_source
from econda_edsl.compiler.modules.bundle import BundleError, read_bundle
from econda_edsl.compiler.modules.lock import LOCK_FILE, lock_text
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.parameters.given import Given
from econda_edsl.plan import Entry, Plan

from econda_cloud.cli.language.files_beside import files_beside
from econda_cloud.cli.language.parameters import IN_BUNDLE, bound, params_beside
from econda_cloud.cli.output import NOT_COMPILED, USAGE, stop
from econda_cloud.environments.pins import BadPins, take_lock, with_pins
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.submission.heeded import unheeded

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

    from econda_cloud.cli.language.left_behind import Warned


@dataclass(frozen=True)
class Loaded:
    """A compiled pipeline with its source, its code files and the parameters that lie beside it or in its bundle."""

    path: str
    source: bytes
    plan: Plan
    files: dict[str, bytes]
    params: dict[str, Given]


def compile_file(
    path: Path, pipeline: str | None, *, library: bool = False
) -> tuple[Compilation, dict[str, bytes], dict[str, Given]]:
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
        compiled, files = _compile(bundle.source, bundle.source_path, bundle.files, pipeline, library)
        return compiled, files, {name: each._replace(base=IN_BUNDLE) for name, each in bundle.params.items()}
    try:
        files = files_beside(path, data)
    except BundleError as error:
        stop(f"error: {path}: {error}", NOT_COMPILED)
    compiled, files = _compile(data, str(path), files, pipeline, library)
    return compiled, files, {}


def _compile(
    source: bytes, path: str, files: Mapping[str, bytes], pipeline: str | None, library: bool
) -> tuple[Compilation, dict[str, bytes]]:
    """The compilation, its plan with the pins of the lock among the files, and the other files."""
    try:
        code, pins = take_lock(files)
    except BadPins as error:
        stop(f"error: {error}", NOT_COMPILED)
    compiled = compile_source(source, path, files=code, pipeline=pipeline, library=library)
    compiled = _read_by_others(compiled, code)
    if compiled.plan is not None:
        compiled = replace(compiled, plan=with_pins(compiled.plan, pins))
    return compiled, code


def _read_by_others(compiled: Compilation, files: Mapping[str, bytes]) -> Compilation:
    """Shell, R and Julia are read by their own programs. Nothing else is loaded where there is none of them."""
    scripts = [] if compiled.plan is None else _scripts(compiled.plan, files)
    if not scripts and all(body.language == "python" for body in compiled.bodies):
        return compiled
    from econda_cloud.cli.language.foreign_code import with_foreign_code

    return with_foreign_code(compiled, scripts)


def _scripts(plan: Plan, files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    runs = (task.run for task in plan.tasks.values())
    paths = {run.path for run in runs if isinstance(run, Entry) and run.language == "shell"}
    return [(path, files[path]) for path in sorted(paths) if path in files]


def locked(path: Path) -> tuple[Path, str, bool]:
    """Where the lock of a pipeline file lies, what it should say, and whether that is something else than it says.

    Ends the command if the file or something it imports has errors other than the lock's.
    """
    compiled, files, _ = compile_file(path, None, library=True)
    found = [d for d in compiled.diagnostics if d.code not in ("E0213", "E0211")]
    if found:
        stop(replace(compiled, diagnostics=tuple(found)).render(), NOT_COMPILED)
    text = lock_text(path.name, compiled.text, files)
    target = path.parent / LOCK_FILE
    return target, text, files.get(LOCK_FILE, b"").decode("utf-8", "replace") != text


def told(d: Diagnostic, path: str) -> dict[str, Any]:
    """A diagnostic as data; lines and columns count from 1, the end column is the first beyond."""
    return {
        "code": d.code,
        "message": d.message,
        "path": d.path or path,
        "line": d.span.line,
        "column": d.span.column,
        "end_line": d.span.end_line,
        "end_column": d.span.end_column,
        "label": d.label,
        "notes": list(d.notes),
        "help": d.help,
    }


def load(path: Path, pipeline: str | None) -> Loaded:
    """Like `compile_file`, but ends the command with the diagnostics if the file does not compile."""
    compiled, files, params = compile_file(path, pipeline)
    if compiled.plan is None:
        stop(compiled.render(), NOT_COMPILED)
    if path.suffix != ".zip":
        params = params_beside(path)
        say_warned(warnings_of(path, compiled, files))
    imported = {source.path for source in compiled.plan.sources}
    used = {name: data for name, data in files.items() if name in compiled.plan.code or name in {*imported, LOCK_FILE}}
    return Loaded(str(path), compiled.text.encode(), compiled.plan, used, params)


def warnings_of(path: Path, compiled: Compilation, files: Mapping[str, bytes]) -> list[Warned]:
    """What is probably wrong with a pipeline that compiled: files beside it that its tasks will not find, and what
    shellcheck says, where it is installed.
    """
    if not compiled.bodies and (compiled.plan is None or not files):
        return []
    from econda_cloud.cli.language.foreign_code import shell_mistakes
    from econda_cloud.cli.language.left_behind import Warned, read_by_name

    found = read_by_name(compiled, path.parent, files)
    for body, line, column, message in shell_mistakes(compiled):
        span = body.span(line, column)
        found.append(Warned(body.path or compiled.path, span.line, span.column, f"shellcheck: {message}"))
    return found


def what_is_left(path: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """What lies beside a pipeline and does not travel with it, and why."""
    from econda_cloud.cli.language.left_behind import left_out

    return left_out(path.parent, path.name, files)


def say_warned(warned: Sequence[Warned]) -> None:
    for each in warned:
        typer.echo(f"warning: {each}", err=True)


def found_params(
    loaded: Loaded, given: dict[str, Given], blobs: BlobStore, namespace: str, clients: Clients | None = None
) -> dict[str, Any]:
    """Typed parameters, whose files are there but stay where they are. Ends the command if any is wrong."""
    from econda_cloud.cli.language.data_in import CommandData

    return bound(loaded.plan, given, CommandData(blobs, namespace, loaded.files, clients=clients, look=True))


def kept_params(
    loaded: Loaded, given: dict[str, Given], blobs: BlobStore, namespace: str, clients: Clients | None = None
) -> dict[str, Any]:
    """Typed parameters, whose files are put into the store, once all of them are right. Ends the command if any is wrong."""
    from econda_cloud.cli.language.data_in import CommandData

    found_params(loaded, given, blobs, namespace, clients)
    return bound(loaded.plan, given, CommandData(blobs, namespace, loaded.files, clients=clients, look=False))


def say_unheeded(plan: Plan) -> None:
    """Notes about what the plan asks for and this version does not do."""
    for line in unheeded(plan):
        typer.echo(f"note: {line}", err=True)
