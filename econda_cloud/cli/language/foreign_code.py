"""Code bodies read by the programs of their own languages, where those are installed; nothing is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from econda_edsl.compiler.bodies.places import Body, unreadable
from econda_edsl.compiler.compile import Compilation
from econda_edsl.diagnostics import Diagnostic, in_source_order

WAIT_S = 10
"""Seconds after which a reader is given up, and the code taken to be right."""

_PROGRAMS = {"shell": "bash", "r": "Rscript", "julia": "julia"}
_BASH = re.compile(r"line (\d+): (.*)")
_R = re.compile(r"<text>:(\d+):(\d+): (.*)")
_CHECKED = re.compile(r"^-:(\d+):(\d+): error: (.*)$", re.MULTILINE)
_JULIA = re.compile(r":(\d+)(?::(\d+))?\s*(?:\n|$)")
_READ_R = 'invisible(parse(text = readLines(file("stdin"))))'
_READ_JULIA = "e = Meta.parseall(read(stdin, String)); for x in e.args; x isa Expr && x.head in (:error, :incomplete) && (println(stderr, x.args[1]); exit(1)); end"


def with_foreign_code(compiled: Compilation, shell_files: Iterable[tuple[str, bytes]] = ()) -> Compilation:
    """A compilation with what the readers of other languages say against its bodies, and bash against `shell_files`."""
    if not compiled.ok:
        return compiled
    bodies = [body for body in compiled.bodies if body.language in _PROGRAMS]
    files = [Body(path, "shell", data.decode("utf-8", "replace"), 0, 0, path) for path, data in shell_files]
    found = _against([*bodies, *files])
    if not found:
        return compiled
    imported = {**compiled.imported, **{file.path: file.code for file in files}}
    return replace(compiled, plan=None, library=False, diagnostics=in_source_order(found), imported=imported)


def shell_mistakes(compiled: Compilation) -> list[tuple[Body, int, int, str]]:
    """What shellcheck, where it is installed, calls an error in shell bodies: body, line, column, what it says."""
    program = shutil.which("shellcheck")
    bodies = [body for body in compiled.bodies if body.language == "shell"]
    if program is None or not bodies:
        return []
    command = [program, "--shell=bash", "--severity=error", "--format=gcc", "-"]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        said = list(threads.map(lambda body: _ask(command, body.code, errors=False), bodies))
    return [
        (body, int(found[1]), int(found[2]), found[3])
        for body, text in zip(bodies, said, strict=True)
        for found in _CHECKED.finditer(text)
    ]


def _against(bodies: Sequence[Body]) -> list[Diagnostic]:
    """One diagnostic for each body that cannot be read. The same code is read once."""
    first: dict[tuple[str, str], list[Body]] = {}
    for body in bodies:
        first.setdefault((body.language, body.code), []).append(body)
    if not first:
        return []
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        said = list(threads.map(lambda key: _read(*key), first))
    return [
        unreadable(body, *problem)
        for alike, problem in zip(first.values(), said, strict=True)
        if problem is not None
        for body in alike
    ]


def _read(language: str, code: str) -> tuple[int, str, int] | None:
    """Line, message and column of what cannot be read, or None."""
    program = shutil.which(_PROGRAMS[language])
    if program is None:
        return None
    match language:
        case "shell":
            # Which patterns there are, a script may say itself: it is not run, so they are all allowed.
            answer = _ask([program, "-O", "extglob", "-n", "/dev/stdin"], code)
            found = _BASH.search(answer)
            return None if found is None else (int(found[1]), found[2], 1)
        case "r":
            answer = _ask([program, "--vanilla", "-e", _READ_R], code)
            found = _R.search(answer)
            return None if found is None else (int(found[1]), found[3], int(found[2]))
        case _:
            answer = _ask([program, "--startup-file=no", "-e", _READ_JULIA], code)
            if not answer.strip():
                return None
            found = _JULIA.search(answer)
            return int(found[1]) if found else 1, answer.strip().splitlines()[-1], 1


def _ask(command: list[str], code: str, *, errors: bool = True) -> str:
    """What a reader says against code, among its `errors` or else in its answer; nothing if it accepts it, cannot be
    started or takes too long.
    """
    try:
        done = subprocess.run(
            command, input=code.encode("utf-8", "replace"), capture_output=True, timeout=WAIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stderr if errors else done.stdout).decode("utf-8", "replace") if done.returncode else ""
