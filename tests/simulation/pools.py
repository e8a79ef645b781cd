"""The pools of a simulated team, and what a deployment may make of them midway."""

from __future__ import annotations

import msgspec
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, TeamPools

from econda_cloud.money.prices import Price
from econda_cloud.simulate.bills import Rate
from econda_cloud.simulate.chance import Chance
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.simulation.cloud import FUNCTION, FUNCTION_LIMIT_MS
from tests.simulation.jobs import BOOT_MS, MACHINE

GIB = 1024**3
SPOT, FIRM = "aws.batch.spot", "aws.batch.firm"
KINDS = ("python", "shell", "environment")


def drawn_pools(chance: Chance, *, large: bool) -> TeamPools:
    """Some teams have machines that cost nothing, as those that they own, or an offer whose price nobody knows."""
    dice = chance.stream("prices")
    return base_pools(free=dice.random() < 0.15, unknown=dice.random() < 0.15, times=10 if large else 1)


def base_pools(*, free: bool = False, unknown: bool = False, times: int = 1) -> TeamPools:
    """Functions and machines. times: so many times as much room."""
    spot_price = Price(known=False) if unknown else Price(per_hour=0 if free else 158_000_000)
    function = Offer(name=FUNCTION, node=Node(cpu_milli=2_000, memory=4 * GIB),
                     price=Price(per_hour=240_000_000, per_request=200), cold_start_ms=200, whole=True)  # fmt: skip
    machine = Node(cpu_milli=MACHINE.cpu_milli, memory=MACHINE.memory, gpu=MACHINE.gpu, gpu_kind="T4")
    spot = Offer(name=SPOT, node=machine, price=spot_price, spot=True, cold_start_ms=BOOT_MS)
    firm = Offer(name=FIRM, node=machine, price=Price(per_hour=0 if free else 526_000_000), cold_start_ms=BOOT_MS)
    functions = Pool(name=FUNCTION, driver="aws.lambda", offers=(function,), slots=4 * times, cpu_milli=64_000 * times,
                     memory=64 * GIB * times, max_time_ms=FUNCTION_LIMIT_MS, chunk_max=20, chunk_ms=60_000, kinds=KINDS)  # fmt: skip
    jobs = Pool(name="aws.batch.all", driver="aws.batch", offers=(spot, firm), slots=5 * times, cpu_milli=32_000 * times,
                memory=96 * GIB * times, gpu=3 * times, chunk_max=6, array=True, kinds=KINDS)  # fmt: skip
    targets = {FUNCTION: _raw(FunctionTarget(function="worker", limit_ms=FUNCTION_LIMIT_MS))}
    targets |= {queue: _raw(QueueTarget(queue=queue, definition="worker")) for queue in (SPOT, FIRM)}
    return TeamPools(pools=(functions, jobs), targets=targets)


def rates(pools: TeamPools) -> dict[str, Rate | None]:
    """What the vendor asks for each offer, None where nobody knows."""
    return {
        offer.name: Rate(offer.price.per_hour, offer.price.per_request) if offer.price.known else None
        for pool in pools.pools
        for offer in pool.offers
    }


def _raw(target: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(target))


def deployed_later(before: TeamPools, chance: Chance) -> TeamPools:
    """Another version of the stack: a pool gone, fewer or more slots, other prices."""
    dice = chance.stream("deploy")
    gone = dice.choice(["", "", "aws.lambda", "aws.batch.all"])
    pools = tuple(
        msgspec.structs.replace(
            pool, slots=dice.randint(1, 8), offers=tuple(_repriced(o, dice.random()) for o in pool.offers)
        )
        for pool in before.pools
        if pool.name != gone
    )
    kept = {offer.name for pool in pools for offer in pool.offers}
    return TeamPools(pools=pools, targets={name: target for name, target in before.targets.items() if name in kept})


def _repriced(offer: Offer, share: float) -> Offer:
    price = msgspec.structs.replace(offer.price, per_hour=round(offer.price.per_hour * (0.2 + 2 * share)))
    return msgspec.structs.replace(offer, price=price)
