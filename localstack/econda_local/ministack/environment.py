"""The environment ministack lives in: made once per set of pins and Python version, then shared by every project."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uv

PINS = Path(__file__).with_name("ministack.txt")
INSTALLATION_TIMEOUT = 600  # seconds


class InstallationFailed(RuntimeError):
    """uv could not make ministack's environment; the message ends with what uv said."""


def cache() -> Path:
    """$ECONDA_CACHE, or ~/.cache/econda."""
    return Path(os.environ.get("ECONDA_CACHE") or Path.home() / ".cache" / "econda")


def python() -> Path:
    """The interpreter of ministack's environment, which is made first if there is none. Raises InstallationFailed.

    Lambda functions run in that interpreter. So it is the same Python as this one: what a function's archive holds
    of compiled packages was made for this one.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    digest = hashlib.sha256(PINS.read_bytes() + f"{sys.executable} {version}".encode()).hexdigest()[:16]
    home = cache() / f"ministack-{digest}"
    interpreter = home / "bin" / "python"
    if interpreter.exists():
        return interpreter
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(home.name + ".lock")):
        if not interpreter.exists():
            _install(home)
    return interpreter


def _install(home: Path) -> None:
    # Made beside its place and renamed: an environment at its final path is always a complete one.
    made = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
    try:
        _uv("venv", "--quiet", "--relocatable", "--clear", "--python", sys.executable, str(made))
        interpreter = str(made / "bin" / "python")
        _uv("pip", "install", "--quiet", "--python", interpreter, "--require-hashes", "--requirements", str(PINS))
        shutil.rmtree(home, ignore_errors=True)
        made.rename(home)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _uv(*arguments: str) -> None:
    try:
        binary = uv.find_uv_bin()
    except FileNotFoundError:
        binary = shutil.which("uv") or "uv"
    # A project's own uv settings and active environment must not leak into this one.
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    try:
        done = subprocess.run(
            [binary, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=INSTALLATION_TIMEOUT,
            check=False,
        )
    except OSError as problem:
        raise InstallationFailed(
            f"uv does not run: {problem}. Install it, for example with `pip install uv`."
        ) from None
    except subprocess.TimeoutExpired:
        raise InstallationFailed(f"uv {arguments[0]} took longer than {INSTALLATION_TIMEOUT} seconds") from None
    if done.returncode != 0:
        raise InstallationFailed(f"uv {arguments[0]} failed while installing ministack:\n{done.stderr.strip()}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, also by a crash
        yield
