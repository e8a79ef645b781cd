"""What lies beside a pipeline and does not come to its tasks: files that their code reads by name, and what is left out of the bundle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from econda_edsl.compiler.bodies.opened import Opened, imported_by_python, opened_by_python, opened_by_shell
from econda_edsl.compiler.compile import Compilation
from econda_edsl.plan import Entry

from econda_cloud.cli.language.files_beside import LOCKS, SUFFIXES

_LISTED = 200
"""Names of a folder that are looked at: a pipeline may lie in a home directory."""


@dataclass(frozen=True)
class Warned:
    """Something that is probably wrong, at a place in a file. Line and column count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


def read_by_name(compiled: Compilation, folder: Path, files: Mapping[str, bytes]) -> list[Warned]:
    """Files beside the pipeline that the code of a task reads by a name written in it, or imports, and will not find."""
    found: dict[tuple[str, int, int], Warned] = {}
    for path, line, column, name in _opened(compiled, files):
        if _lies_beside(folder, name):
            found[path, line, column] = Warned(path, line, column, _advice(name, (folder / name).is_dir()))
    for path, line, column, name in _imported(compiled, files):
        if why := _stays(folder, name, files):
            found[path, line, column] = Warned(path, line, column, why)
    return list(found.values())


def _imported(compiled: Compilation, files: Mapping[str, bytes]) -> Iterator[tuple[str, int, int, str]]:
    for body in compiled.bodies:
        for each in imported_by_python(body.code) if body.language == "python" else ():
            span = body.span(each.line, each.column)
            yield body.path or compiled.path, span.line, span.column, each.name
    for path in _python_files(compiled):
        if path in files:
            for each in imported_by_python(files[path].decode("utf-8-sig", "replace")):
                yield path, *_place(each), each.name


def _stays(folder: Path, module: str, files: Mapping[str, bytes]) -> str:
    """Why a module that lies beside the pipeline does not travel with it; empty if it does, or is not there."""
    if f"{module}.py" in files or any(path.startswith(f"{module}/") for path in files):
        return ""
    for name in (f"{module}.py", module):
        if (folder / name).is_symlink():
            return f"the module `{module}` lies beside the pipeline as a link, and links do not travel: copy what it leads to"
    compiled = next((found.name for found in folder.glob(f"{module}*.so") if found.name.split(".")[0] == module), "")
    return f"`{compiled}` is compiled and does not travel: name its package in `packages`" if compiled else ""


def _opened(compiled: Compilation, files: Mapping[str, bytes]) -> Iterator[tuple[str, int, int, str]]:
    for body in compiled.bodies:
        names = opened_by_python(body.code) if body.language == "python" else ()
        names = opened_by_shell(body.code) if body.language == "shell" else names
        for each in names:
            span = body.span(each.line, each.column)
            yield body.path or compiled.path, span.line, span.column, each.name
    for path in _python_files(compiled):
        if path in files:
            for each in opened_by_python(files[path].decode("utf-8-sig", "replace")):
                yield path, *_place(each), each.name


def _place(each: Opened) -> tuple[int, int]:
    return each.line, each.column


def _python_files(compiled: Compilation) -> list[str]:
    """The files of Python that tasks run, or that those import."""
    if compiled.plan is None:
        return []
    tasks = compiled.plan.tasks.values()
    named = {task.run.path for task in tasks if isinstance(task.run, Entry)}
    return sorted(path for path in named.union(*(task.reach or () for task in tasks)) if path.endswith(".py"))


def _lies_beside(folder: Path, name: str) -> bool:
    try:
        path = (folder / name).resolve()
        return path.exists() and path != folder.resolve() and path.is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _advice(name: str, is_folder: bool) -> str:
    made, kind = ("dir", "Dir") if is_folder else ("file", "File")
    return (
        f"`{name}` lies beside the pipeline, but a task runs in an empty folder of its own; give it as an input:"
        f' `pipeline …(data: {kind} = {made}("{name.removeprefix("./")}"))`'
    )


def left_out(folder: Path, pipeline: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """What lies in the folder of a pipeline and does not travel with it, and why; folders end with a slash."""
    found: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number == _LISTED:
                found["…"] = f"only the first {_LISTED} names of the folder are looked at"
                break
            why = _why_left(entry, pipeline, files)
            if why:
                found[f"{entry.name}/" if entry.is_dir() else entry.name] = why
    return dict(sorted(found.items()))


def _why_left(entry: os.DirEntry[str], pipeline: str, files: Mapping[str, bytes]) -> str:
    name = entry.name
    if name == pipeline or name in files or any(path.startswith(f"{name}/") for path in files):
        return ""
    if entry.is_symlink():
        return "a link: nothing from outside of the folder gets into a bundle"
    if name.startswith(".") or name == "__pycache__":
        return "hidden"
    if entry.is_dir():
        return "a folder that no path in the pipeline leads into, and whose modules no code imports"
    if name.endswith((".params.yaml", ".params.yml", ".params.toml", ".params.json")) or name.startswith("params."):
        return "a file of parameters: read, and not sent"
    if not name.endswith(SUFFIXES) and name not in LOCKS:
        return f'no code; name it as a default, `file("{name}")`, or give it as a parameter'
    return "not used"
