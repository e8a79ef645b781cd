"""The pools of a simulated team, and what a deployment may make of them midway."""

from __future__ import annotations

import msgspec
from econda_adapters.aws.stack import FunctionTarget, QueueTarget, TeamPools

from econda_cloud.money.prices import Price
from econda_cloud.simulate.chance import Chance
from econda_cloud.wire.pools import Node, Offer, Pool
from tests.simulation.cloud import FUNCTION_LIMIT_MS

GIB = 1024**3
KINDS = ("python", "shell", "environment")


def base_pools() -> TeamPools:
    function = Offer(name="aws.lambda", node=Node(cpu_milli=2_000, memory=4 * GIB),
                     price=Price(per_gib_hour=60_000_000, per_request=200), cold_start_ms=200, whole=True)  # fmt: skip
    machine = Node(cpu_milli=8_000, memory=32 * GIB, gpu=1, gpu_kind="T4")
    spot = Offer(
        name="aws.batch.spot", node=machine, price=Price(per_hour=158_000_000), spot=True, cold_start_ms=60_000
    )
    firm = Offer(name="aws.batch.firm", node=machine, price=Price(per_hour=526_000_000), cold_start_ms=60_000)
    functions = Pool(name="aws.lambda", driver="aws.lambda", offers=(function,), slots=4, cpu_milli=64_000,
                     memory=64 * GIB, max_time_ms=FUNCTION_LIMIT_MS, chunk_max=20, chunk_ms=60_000, kinds=KINDS)  # fmt: skip
    jobs = Pool(name="aws.batch.all", driver="aws.batch", offers=(spot, firm), slots=5, cpu_milli=32_000,
                memory=96 * GIB, gpu=3, chunk_max=6, array=True, kinds=KINDS)  # fmt: skip
    queue = _raw(QueueTarget(queue="jobs", definition="worker"))
    targets = {"aws.lambda": _raw(FunctionTarget(function="worker", limit_ms=FUNCTION_LIMIT_MS)),
               "aws.batch.spot": queue, "aws.batch.firm": queue}  # fmt: skip
    raw = {name: msgspec.Raw(msgspec.json.encode(target)) for name, target in targets.items()}
    return TeamPools(pools=(functions, jobs), targets=raw)


def _raw(target: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(target))


def deployed_later(chance: Chance) -> TeamPools:
    """Another version of the stack: a pool gone, fewer or more slots, other prices."""
    before, dice = base_pools(), chance.stream("deploy")
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
    hour, gib = offer.price.per_hour, offer.price.per_gib_hour
    price = msgspec.structs.replace(offer.price, per_hour=round(hour * (0.2 + 2 * share)), per_gib_hour=round(gib * (0.2 + 2 * share)))  # fmt: skip
    return msgspec.structs.replace(offer, price=price)
