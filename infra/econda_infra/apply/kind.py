"""How one type of Pulumi resource is made, changed and removed with boto3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from econda_adapters.aws.clients import Clients

Inputs = dict[str, Any]
"""A resource's arguments as Pulumi sends them: camelCase members."""

Outputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A resource as AWS knows it: its id, and what it told beyond the inputs. Both are kept, so they hold JSON."""

    id: str
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Kind:
    """create(clients, inputs), update(clients, made, inputs) and delete(clients, made), which may meet nothing.

    Without `update`, changed inputs mean delete and create, except where the resource `holds_data`: then they are
    refused. An `update` may refuse as well, by `WouldLoseData`.
    """

    create: Callable[[Clients, Inputs], Made]
    delete: Callable[[Clients, Made], None]
    update: Callable[[Clients, Made, Inputs], Made] | None = None
    holds_data: bool = False


class WouldLoseData(Exception):
    """A change that would take making a resource anew, which holds data."""


def put(make: Callable[[Clients, Inputs], Made], delete: Callable[[Clients, Made], None]) -> Kind:
    """A kind whose creation overwrites what is there."""
    return Kind(make, delete, lambda clients, _, inputs: make(clients, inputs))


def nothing(_: Clients, __: Made) -> None:
    """For what goes with the resource it belongs to."""


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that what was asked for does not exist; each service has words of its own."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    named = any(word in code for word in ("NoSuch", "NotFound", "NonExistent", "DoesNotExist"))
    # Batch has one code for all refusals.
    return named or code == "404" or (code == "ClientException" and "does not exist" in str(error))
