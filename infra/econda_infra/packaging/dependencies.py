"""The third-party packages of an archive, installed by uv from hashed pins for the Python and platform it runs on.

boto3 and what comes with it is in AWS's runtime for Python, and in the emulator's: no archive carries it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PINS = Path(__file__).with_name("requirements")

INSTALLATION_TIMEOUT_S = 600

NOT_RUN = ("bin", "tests")
"""Folders of an installation that no function imports; some packages install their tests as a package `tests`."""

RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
"""What an installation writes about itself: it differs between machines and no function reads it."""


class PackagingFailed(RuntimeError):
    """The packages of a function could not be installed; the message ends with what uv said."""


def pins(kind: str) -> Path:
    """The hashed pins of one kind of archive."""
    return PINS / f"{kind}.txt"


@contextmanager
def installed(requirements: Path, python: str, platform: str | None, near: Path) -> Iterator[dict[str, Path]]:
    """The installed files by path inside the archive, sorted; gone when the context ends.

    `platform` as uv names it, None for this machine's. `near`: a folder to work in. Raises PackagingFailed.
    """
    folder = Path(tempfile.mkdtemp(prefix="installing-", dir=near))
    try:
        _install(requirements, python, platform, folder)
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _runs(path, folder)}
        yield dict(sorted(files.items()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runs(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    unread = parts[-1].startswith(".") or (parts[-1] in RECORDS and parts[0].endswith(".dist-info"))
    return path.is_file() and not unread and parts[0] not in NOT_RUN and "__pycache__" not in parts


def _install(requirements: Path, python: str, platform: str | None, folder: Path) -> None:
    command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--target", str(folder), "--python-version", python, "--requirements", str(requirements)]
    command += ["--python-platform", platform] if platform else []
    # A project's active environment must not decide what is installed.
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=INSTALLATION_TIMEOUT_S, check=False
        )
    except OSError as problem:
        raise PackagingFailed(f"uv does not run: {problem}. Install it, for example with `pip install uv`.") from None
    except subprocess.TimeoutExpired:
        raise PackagingFailed(f"uv took longer than {INSTALLATION_TIMEOUT_S} seconds for {requirements.name}") from None
    if done.returncode != 0:
        raise PackagingFailed(
            f"the packages in {requirements.name} cannot be installed for Python {python}"
            f"{f' on {platform}' if platform else ''}. uv says:\n{done.stderr.strip()}"
        )


def _uv() -> str:
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("uv") or "uv"
