"""Environments: packages resolved to pins, and pins installed into an archive that every worker can mount."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from econda_cloud.environments.archives import archive_key, resolved_key, resolved_pins
from econda_cloud.environments.pins import BadPins, Pins, check_pins
from econda_cloud.ports.blobs import WorkerBlobs
from econda_cloud.wire.chunk import Build
from econda_cloud.worker.data.packing import pack
from econda_cloud.worker.environments.uv import Uv, UvFailed
from econda_cloud.worker.processes.limits import Limits

_COMPILE = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url",
            "--no-emit-find-links", "--no-header", "--no-annotate")  # fmt: skip
# uv starts a script by the path of its Python, directly or, if that is long, by a detour through `sh`.
_SHEBANG = re.compile(rb"\A#!(?:/bin/sh\n'''exec' .*\n' '''|[^\n]*python[^\n]*)\n")


def resolve(packages: Iterable[str], *, python: str | None = None) -> Pins:
    """The newest pins that these packages allow, for `python` ("3.11", by default this one) and later.

    Asks the package index that uv is configured for. Raises `UvFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="econda-resolve-") as name:
        directory = Path(name)
        return _resolve(packages, Uv(os.environ, Limits(), directory / "log", directory), python)


def _resolve(packages: Iterable[str], uv: Uv, python: str | None = None) -> Pins:
    """For every platform at once (markers say which), because who submits is seldom where it runs."""
    wanted, pinned = uv.directory / "packages.txt", uv.directory / "resolved.txt"
    wanted.write_text("".join(f"{_requirement(package)}\n" for package in sorted(packages)))
    version = python or f"{sys.version_info.major}.{sys.version_info.minor}"
    uv.run(
        *_COMPILE, "--python", sys.executable, "--python-version", version, "--output-file", str(pinned), str(wanted)
    )
    lines = re.sub(r"\s*\\\n\s*", " ", pinned.read_text()).splitlines()
    try:
        return check_pins([line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")])
    except BadPins as error:
        raise UvFailed(f"uv resolved the packages to something that cannot be pinned: {error}") from error


def _requirement(package: str) -> str:
    """A package as a line that uv cannot take for an option or for several lines. Raises `UvFailed`."""
    if package.lstrip().startswith("-") or len(package.splitlines()) != 1:
        raise UvFailed(f"`{package[:80]}` is not a package requirement")
    return package


def resolve_once(key: str, packages: Iterable[str], blobs: WorkerBlobs, namespace: str, uv: Uv | None = None) -> Pins:
    """What these packages were resolved to the first time in this namespace. Raises `UvFailed`."""
    known = resolved_pins(blobs, key, namespace)
    if known is not None:
        return known
    pins = resolve(packages) if uv is None else _resolve(packages, uv)
    blobs.put(resolved_key(key, namespace), msgspec.json.encode(pins))
    return pins


def build(what: Build, blobs: WorkerBlobs, namespace: str, uv: Uv) -> str:
    """The blob key of the environment's archive, made unless it is there. Raises `UvFailed`."""
    pins = check_pins(what.pins) if what.pins else resolve_once(what.key, what.packages, blobs, namespace, uv)
    key = archive_key(pins, namespace)
    if not blobs.exists(key):
        site, packed = uv.directory / "site", uv.directory / "site.tar"
        _install(pins, site, uv)
        pack(site, packed)
        blobs.put_file(key, packed)
    return key


def _install(pins: Pins, site: Path, uv: Uv) -> None:
    wanted = uv.directory / "pins.txt"
    wanted.write_text("".join(f"{pin}\n" for pin in pins))
    site.mkdir()
    uv.run("pip", "install", "--python", sys.executable, "--target", str(site), "--require-hashes",
           "--requirement", str(wanted))  # fmt: skip
    for script in (site / "bin").glob("*"):
        _make_movable(script)


def _make_movable(script: Path) -> None:
    """Let a script start the Python that is first on the PATH: the worker that runs it may have another one."""
    if not script.is_file() or script.is_symlink():
        return
    text = script.read_bytes()
    moved = _SHEBANG.sub(b"#!/usr/bin/env python3\n", text)
    if moved != text:
        # A new file: uv may have linked the old one to its cache.
        mode = script.stat().st_mode
        script.unlink()
        script.write_bytes(moved)
        script.chmod(mode)
