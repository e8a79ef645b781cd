"""The environment variables that a worker's processes get: its own, without what lets them act in its name.

This keeps a task from using the worker's rights by accident. It is no wall: a process of the same user can read
the worker's memory, so what must be apart needs a user, container or machine of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# Of the AWS names only these are no secret and of use to a task; new ones stay out until they are named here.
_AWS_KEPT = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"})
_HIDDEN = frozenset({"GOOGLE_APPLICATION_CREDENTIALS", "IDENTITY_HEADER", "IDENTITY_ENDPOINT", "MSI_SECRET", "MSI_ENDPOINT"})  # fmt: skip
_HIDDEN_STARTS = ("AWS_", "AZURE_", "ECONDA_")
# uv finds its package indexes, and the passwords to them, in these.
_OF_UV = "UV_"


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What tasks of others may see of a worker's environment."""
    return {name: value for name, value in environment.items() if _may_be_seen(name)}


def _may_be_seen(name: str) -> bool:
    if name in _AWS_KEPT or name.startswith("AWS_ENDPOINT_URL"):
        return True
    return name not in _HIDDEN and not name.startswith((*_HIDDEN_STARTS, _OF_UV))


def for_uv(environment: Mapping[str, str]) -> dict[str, str]:
    """What uv gets: what a task gets, and this process's settings of uv."""
    return {**environment, **{name: value for name, value in os.environ.items() if name.startswith(_OF_UV)}}


def with_packages(environment: Mapping[str, str], site: Path) -> dict[str, str]:
    """The same with the packages in `site` importable, their programs found, and the Python they were built for first."""
    path = [str(site / "bin"), os.path.dirname(sys.executable), environment.get("PATH", os.defpath)]
    return {**environment, "PYTHONPATH": str(site), "PATH": os.pathsep.join(path)}
