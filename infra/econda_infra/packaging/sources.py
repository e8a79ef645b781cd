"""The project's own files that go into every function's archive."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("econda_adapters", "econda_cloud", "econda_edsl", "econda_functions")
LEFT_OUT = ("econda_adapters/embedded", "econda_cloud/cli", "econda_cloud/simulate", "econda_cloud/web")
"""What only a person's own machine runs."""


def sources() -> dict[str, bytes]:
    """Contents by path inside the archive, sorted. Raises ModuleNotFoundError if a package is not installed."""
    found = {name: path.read_bytes() for package in PACKAGES for name, path in _files(package)}
    return dict(sorted(found.items()))


def _files(package: str) -> Iterator[tuple[str, Path]]:
    folder = _folder(package)
    for path in folder.rglob("*"):
        name = f"{package}/{path.relative_to(folder).as_posix()}"
        if path.is_file() and "__pycache__" not in path.parts and not name.startswith(LEFT_OUT):
            yield name, path


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed, so it cannot be deployed")
    return Path(spec.submodule_search_locations[0])
