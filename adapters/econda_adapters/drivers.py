"""The drivers of a team's pools, and chunks as they are submitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from econda_adapters.pools import pool_driver
from econda_cloud.ports.pool import PoolDriver, Submission
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import TeamPools


class Drivers:
    """One driver for each pool, made when it is first used."""

    def __init__(self, pools: TeamPools, clients: Clients) -> None:
        self._pools = {pool.name: pool for pool in pools.pools}
        self._targets, self._clients = pools.targets, clients
        self._made: dict[str, PoolDriver] = {}

    def of(self, pool: str, offer: str) -> tuple[PoolDriver, msgspec.Raw] | None:
        """The driver of a pool, and what stands behind one of its offers; None if either is gone.

        Raises `pools.UnknownDriver`.
        """
        target = self._targets.get(offer)
        if pool not in self._pools or target is None:
            return None
        if pool not in self._made:
            declared = self._pools[pool]
            own = {each.name: self._targets[each.name] for each in declared.offers if each.name in self._targets}
            self._made[pool] = pool_driver(declared.driver, own, self._clients)
        return self._made[pool], target


def submission(command: Dispatch, chunk: Chunk, target: msgspec.Raw, assignment: bytes, size: int) -> Submission:
    """A chunk as it is handed to a driver. size: how many members its document has; some may have ended before."""
    return Submission(
        chunk=chunk.id,
        run=chunk.run,
        namespace=chunk.namespace,
        offer=command.offer,
        target=target,
        assignment=assignment,
        size=size,
        cpu_milli=command.cpu_milli,
        memory=command.memory,
        gpu=command.gpu,
        timeout_ms=chunk.task.timeout_ms,
        image=chunk.task.image,
    )
