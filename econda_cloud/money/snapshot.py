"""List prices of AWS us-east-1, bundled with their date and source in `snapshot.json`.

Amounts are nano-dollars. AWS's "GB" of memory is 1,024 MiB here, as in its bills. An instance that the snapshot lacks
has an unknown price, never a zero one. Spot figures are typical ones, since the market's price changes by the hour.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from econda_cloud.money.prices import Price

PATH = Path(__file__).with_name("snapshot.json")

FREE_DISK_MIB = 512
"""Ephemeral storage that every function has at no charge: https://aws.amazon.com/lambda/pricing/"""

MIB_PER_GIB = 1024


class LambdaFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published part of Lambda's price, in nano-dollars per GiB-hour or per request."""

    part: Literal["gib_hour", "disk_gib_hour", "request"]
    nanos: int
    fact: str
    as_of: str
    source: str


class Ec2Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nano-dollars per hour of a Linux instance."""

    instance: str
    spot: bool
    nanos: int
    as_of: str
    source: str
    fact: str = "on demand, Linux"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, rename={"functions": "lambda"}):
    region: str
    functions: tuple[LambdaFact, ...]
    ec2: tuple[Ec2Fact, ...]


@cache
def snapshot() -> Snapshot:
    return msgspec.json.decode(PATH.read_bytes(), type=Snapshot)


def lambda_price(memory_mib: int, disk_mib: int = FREE_DISK_MIB) -> Price:
    """The price of one invocation that has a function of this size to itself; parts of a nano-dollar round up."""
    part = {fact.part: fact.nanos for fact in snapshot().functions}
    paid_disk = max(0, disk_mib - FREE_DISK_MIB)
    hourly = -(-(part["gib_hour"] * memory_mib + part["disk_gib_hour"] * paid_disk) // MIB_PER_GIB)
    return Price(per_hour=hourly, per_request=part["request"])


def ec2_price(instance_type: str, spot: bool = False) -> Price:
    """The price of a whole instance by the hour; of unknown price if the snapshot lacks it."""
    for fact in snapshot().ec2:
        if (fact.instance, fact.spot) == (instance_type, spot):
            return Price(per_hour=fact.nanos)
    return Price(known=False)
