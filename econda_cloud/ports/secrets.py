"""Secrets: texts that a plan names but never holds, looked up where an attempt runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class SecretUnavailable(Exception):
    """A secret that cannot be had here; the message says which and why, and never what is in it."""


class Secrets(Protocol):
    def get(self, reference: Mapping[str, Any]) -> str:
        """The secret that a reference tells: its `driver` and the driver's settings. Raises `SecretUnavailable`."""
        ...


class LocalSecrets:
    """Drivers `environment` and `file`: what the machine itself knows. `variables` are the environment's."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def get(self, reference: Mapping[str, Any]) -> str:
        driver = reference["driver"]
        if driver == "environment":
            return self._variable(reference["variable"])
        if driver == "file":
            return _file(Path(reference["path"]))
        raise SecretUnavailable(f"secrets of `{driver}` cannot be had on this machine")

    def _variable(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            raise SecretUnavailable(f"the environment variable {name} is not set where the task runs")
        return value


def _file(path: Path) -> str:
    try:
        return path.expanduser().read_text("utf-8").removesuffix("\n")
    except OSError as error:
        raise SecretUnavailable(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretUnavailable(f"the file {path} is not text") from None
