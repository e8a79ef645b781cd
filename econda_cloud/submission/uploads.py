"""Uploads: what a key under `uploads/` means, and the name of the run that it starts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

PREFIX = "uploads/"
ERRORS = ".errors.txt"
KINDS = (".edsl", ".zip")

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")


class BadKey(ValueError):
    """A key under `uploads/` that looks like a pipeline but cannot be one."""


@dataclass(frozen=True)
class Upload:
    """One version of an object. `version` tells it from other uploads of the same key; `user` is who put it there."""

    bucket: str
    key: str
    version: str
    user: str = ""

    @property
    def errors_key(self) -> str:
        return self.key + ERRORS

    @property
    def params_key(self) -> str:
        """The sibling that may hold parameters."""
        return self.key.rpartition(".")[0] + ".params.yaml"

    @property
    def identity(self) -> str:
        """Hex digits that are the same for every notification of this upload and different for any other upload."""
        return hashlib.sha256(f"{self.bucket}/{self.key}@{self.version}".encode()).hexdigest()

    def run(self, pipeline: str) -> str:
        """The name of the run that this upload starts."""
        return f"{pipeline}-{self.identity[:10]}"

    @property
    def seed(self) -> int:
        return int(self.identity[-8:], 16)


def is_pipeline(key: str) -> bool:
    """Whether an object is to be run; parameters, errors and everything else under the prefix are not."""
    return key.startswith(PREFIX) and key.endswith(KINDS)


def namespace_of(key: str) -> str:
    """The namespace of `uploads/<namespace>/<name>`. Raises `BadKey`."""
    parts = key.removeprefix(PREFIX).split("/")
    if len(parts) < 2:
        raise BadKey(f"`{key}` names no namespace; upload to `{PREFIX}<namespace>/{parts[0]}`")
    if not _NAMESPACE.match(parts[0]):
        raise BadKey(f"`{parts[0][:80]}` is no namespace; use letters, digits, `.`, `_` and `-`, at most 63")
    return parts[0]
