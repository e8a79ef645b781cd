"""The registry: which driver a pool is driven by. A new kind of pool adds one entry to `DRIVERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

from econda_adapters.aws.clients import Clients
from econda_cloud.ports.pool import PoolDriver, Targets

Factory: TypeAlias = Callable[[Targets, Clients], PoolDriver]
"""Makes the driver of one pool from what stands behind its offers, and does not connect to anything yet."""

DRIVERS: Mapping[str, str] = {
    "aws.batch": "econda_adapters.aws.batch_pool:driver",
    "aws.lambda": "econda_adapters.aws.lambda_pool:driver",
    "onprem.ssh": "econda_adapters.onprem.hosts:driver",
}
"""`module:factory` by the driver's name; a module is imported when a pool of its kind is first used.

`local.process` is not here: whoever has this machine's processes makes its driver of them (`embedded.local_pool`).
"""


class UnknownDriver(LookupError):
    """Nobody here drives this kind of pool."""


def pool_driver(name: str, targets: Targets, clients: Clients) -> PoolDriver:
    """A driver for a pool with these targets, by offer. Raises `UnknownDriver`."""
    try:
        module, _, factory = DRIVERS[name].partition(":")
    except KeyError:
        raise UnknownDriver(f"no driver is called `{name}`; there are {', '.join(sorted(DRIVERS))}") from None
    make: Factory = getattr(import_module(module), factory)
    return make(targets, clients)
