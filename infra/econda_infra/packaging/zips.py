"""Archives put together and kept: $ECONDA_CACHE/functions/<kind>-<digest of everything that goes in>.zip."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import msgspec

from econda_infra.packaging.dependencies import installed, pins
from econda_infra.packaging.sources import sources

KINDS = ("submit", "schedule", "gateway", "work")
"""Archives by what they carry: submit has the compiler's packages, work as little as can be."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip archive can hold: every entry has it."""

KEPT_S = 7 * 24 * 3600
"""Seconds after which an archive that was not asked for again is forgotten."""

LAYOUT = "1"
"""To be counted up when archives of the same inputs shall look different."""

AWS_PLATFORM = "x86_64-manylinux_2_28"
"""AWS's runtimes since Python 3.12 are Amazon Linux 2023, with glibc 2.34."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What archives are made for: a version such as "3.13", and a platform as uv names it, None for this machine."""

    python: str
    platform: str | None = AWS_PLATFORM


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive on disk; `digest` is the hash of its inputs."""

    path: Path
    digest: str


def archives(target: Target, cache: Path | None = None) -> dict[str, Archive]:
    """One archive for each of `KINDS`, made if the cache lacks it. Raises PackagingFailed."""
    folder = (cache or default_cache()) / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    own = sources()
    return {kind: _archive(kind, target, own, folder) for kind in KINDS}


def default_cache() -> Path:
    """$ECONDA_CACHE, or ~/.cache/econda."""
    return Path(os.environ.get("ECONDA_CACHE") or Path.home() / ".cache" / "econda")


def _archive(kind: str, target: Target, own: dict[str, bytes], folder: Path) -> Archive:
    digest = _digest(_base_inputs(kind, target), *(part for name in own for part in (name.encode(), own[name])))
    path = folder / f"{kind}-{digest}.zip"
    if path.exists():
        path.touch()
    else:
        _forget_unused(folder)
        base = _base(kind, target, folder)
        with _beside(path) as half:
            shutil.copyfile(base, half)
            with zipfile.ZipFile(half, "a") as archive:
                for name, data in own.items():
                    _add(archive, name, data)
    return Archive(path=path, digest=digest)


def _base(kind: str, target: Target, folder: Path) -> Path:
    """The archive before the project's own files are added, kept because those change far more often."""
    path = folder / f"{kind}-{_digest(_base_inputs(kind, target))}.base"
    if not path.exists():
        with (
            installed(pins(kind), target.python, target.platform, folder) as files,
            _beside(path) as half,
            zipfile.ZipFile(half, "w") as archive,
        ):
            for name, file in files.items():
                _add(archive, name, file.read_bytes())
    return path


def _forget_unused(folder: Path) -> None:
    """Every change of the project makes new archives: the old ones must not pile up."""
    for path in folder.glob("*.zip"):
        with suppress(FileNotFoundError):  # another process may forget it too
            if path.stat().st_mtime < time.time() - KEPT_S:
                path.unlink()


def _base_inputs(kind: str, target: Target) -> bytes:
    return _digest(LAYOUT.encode(), pins(kind).read_bytes(), msgspec.json.encode(target)).encode()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # Unix, also when made on another system
    archive.writestr(entry, data)


def _digest(*parts: bytes) -> str:
    """Parts are told apart by their lengths."""
    lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
    return hashlib.sha256(lengths + b"".join(parts)).hexdigest()[:16]


class _beside:
    """A path to write to that takes its place when it is complete, so that a cached file always is."""

    def __init__(self, path: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", dir=path.parent)
        os.close(handle)
        self._path, self._half = path, Path(name)

    def __enter__(self) -> Path:
        return self._half

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._half.replace(self._path)
        self._half.unlink(missing_ok=True)
