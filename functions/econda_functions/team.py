"""The stack that this function belongs to, made on first use and kept warm."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from econda_adapters.aws.team import Team


@cache
def team() -> Team:
    """Raises `KeyError` for a variable that the deployment left out."""
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack
    from econda_adapters.aws.team import Team

    return Team(Stack.from_environment(), Clients())
