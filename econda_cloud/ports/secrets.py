"""Secrets: texts that a plan names but never holds, looked up where an attempt runs."""

from __future__ import annotations

import json
import os
import re
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
    """Drivers `environment` and `file`: what the machine itself knows. `variables` are the environment's.

    For secrets that a cloud keeps by name, variables can stand in, so that a pipeline runs unchanged on a laptop: see
    `stand_in`.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def get(self, reference: Mapping[str, Any]) -> str:
        driver = reference["driver"]
        if driver == "environment":
            return self._variable(reference["variable"])
        if driver == "file":
            return _file(Path(reference["path"]))
        if driver == "aws_secrets":
            name = reference["name"]
            if (text := self.standing_in(name, reference.get("field"))) is not None:
                return text
            raise SecretUnavailable(f"the secret `{name}` is kept by AWS; on this machine the environment variable "
                                    f"{stand_in(name)} stands in for it, and is not set")  # fmt: skip
        raise SecretUnavailable(f"secrets of `{driver}` cannot be had on this machine")

    def standing_in(self, name: str, field: str | None) -> str | None:
        """What stands in for a cloud's secret of this name, or its field; None if nothing does."""
        text = self._variables.get(stand_in(name))
        return None if text is None else field_of(name, text, field)

    def _variable(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            raise SecretUnavailable(f"the environment variable {name} is not set where the task runs")
        return value


def stand_in(name: str) -> str:
    """The environment variable that stands in for a cloud's secret: `ECONDA_SECRET_SERVICE_TOKEN` for `service/token`."""
    return f"ECONDA_SECRET_{re.sub('[^A-Za-z0-9]', '_', name).upper()}"


def field_of(name: str, text: str, field: str | None) -> str:
    """A field of a secret that is a JSON object, or all of it. Raises `SecretUnavailable`."""
    if field is None:
        return text
    try:
        value = json.loads(text)[field]
    except (ValueError, KeyError, TypeError):
        raise SecretUnavailable(f"the secret `{name}` is no JSON object with a field `{field}`") from None
    return value if isinstance(value, str) else json.dumps(value)


def _file(path: Path) -> str:
    try:
        return path.expanduser().read_text("utf-8").removesuffix("\n")
    except OSError as error:
        raise SecretUnavailable(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretUnavailable(f"the file {path} is not text") from None
