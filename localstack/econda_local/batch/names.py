"""Names, ARNs, and how a request refers to a resource by either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from econda_local.batch.refusal import Refused

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Place:
    """The account and the region in every ARN of this endpoint."""

    region: str
    account: str

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:batch:{self.region}:{self.account}:{kind}/{name}"

    def ecs(self, kind: str, name: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{kind}/{name}"


def checked_name(name: str, what: str) -> str:
    """Return a name Batch takes: up to 128 letters, digits, hyphens and underscores. Raises Refused."""
    if not _NAME.match(name):
        raise Refused(f"{what} should match valid pattern: up to 128 letters, numbers, hyphens and underscores")
    return name


def short(reference: str) -> str:
    """The name in a reference that is a name or an ARN."""
    return reference.rsplit("/", 1)[-1] if reference.startswith("arn:") else reference


def page(items: Sequence[Item], size: int, token: str | None) -> tuple[Sequence[Item], str | None]:
    """One page and the token of the next; a token is the position it starts at. Raises Refused for another token."""
    if token is not None and not token.isdecimal():
        raise Refused("Invalid nextToken")
    start = int(token or 0)
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
