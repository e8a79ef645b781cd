"""What a peer runs in: a Python from hashed pins, a package of npm from a lock file, a program of Go from its sums.

All is kept in $ECONDA_CACHE/peers and made anew when the pins change; nothing is added to the project's own environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from econda_infra.packaging.zips import default_cache
from uv import find_uv_bin

HERE = Path(__file__).parent
BUILD_SECONDS = 1200
"""The first build of Temporal's server takes about four minutes of two quiet cores."""


class CannotBeHad(Exception):
    """The peer cannot be installed here."""


def python_of(peer: str) -> Path:
    """The Python of the peer, with what its pins name."""
    pins, kept = HERE / peer / "pins.txt", _cache() / peer
    python = kept / "bin" / "python"
    if _is_stale(kept, [pins]):
        uv = find_uv_bin()
        _do([uv, "venv", "-q", "--clear", "--python", sys.executable, str(kept)])
        # Compiled once: a peer that starts a process per task imports its modules as often.
        install = ["pip", "install", "-q", "--compile-bytecode", "--require-hashes"]
        _do([uv, *install, "--python", str(python), "-r", str(pins)])
        _stamp(kept, [pins])
    return python


def npm_packages_of(peer: str) -> Path:
    """The folder `node_modules` of the peer's lock file. No script of a package is run."""
    pins = [HERE / peer / "package.json", HERE / peer / "package-lock.json"]
    kept = _cache() / f"{peer}-npm"
    if _is_stale(kept, pins):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for file in pins:
            shutil.copy(file, kept)
        _do([_found("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], kept)
        _stamp(kept, pins)
    return kept / "node_modules"


def go_program_of(peer: str, package: str) -> Path:
    """The program that this package of Go is, built from the modules that the peer's go.sum holds to."""
    pins = [HERE / peer / "go.mod", HERE / peer / "go.sum"]
    kept = _cache() / f"{peer}-go"
    program = kept / package.rsplit("/", 1)[-1]
    if _is_stale(kept, pins):
        kept.mkdir(parents=True, exist_ok=True)
        flags = ["-mod=readonly", "-trimpath", "-ldflags", "-s -w"]
        _do([_found("go"), "build", *flags, "-o", str(program), package], HERE / peer, {"CGO_ENABLED": "1"})
        _stamp(kept, pins)
    return program


def _cache() -> Path:
    return default_cache() / "peers"


def last_line(words: str, otherwise: str = "no word") -> str:
    """What a program said last, which is mostly why it ended."""
    return (words.strip().splitlines() or [otherwise])[-1]


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise CannotBeHad(f"it needs `{program}`, which is not here")
    return found


def _do(command: list[str], cwd: Path | None = None, variables: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | (variables or {}),
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        words = last_line(error.stderr or error.stdout, str(error))
        raise CannotBeHad(f"{Path(command[0]).name}: {words}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotBeHad(f"{Path(command[0]).name} took more than {BUILD_SECONDS} s") from error


def _is_stale(kept: Path, pins: list[Path]) -> bool:
    stamp = kept / "pins.stamp"
    return not stamp.exists() or stamp.read_bytes() != _made_from(pins)


def _stamp(kept: Path, pins: list[Path]) -> None:
    (kept / "pins.stamp").write_bytes(_made_from(pins))


def _made_from(pins: list[Path]) -> bytes:
    """The pins, and the Python that a peer shares with us."""
    return b"".join([f"{sys.executable} {sys.version}\n".encode(), *(file.read_bytes() for file in pins)])
