"""What capacity costs: price models and the cost of one attempt.

A missing price is unknown (`None`), never zero; free capacity says so with a price of 0.
"""

from __future__ import annotations

import msgspec

from econda_cloud.money.amounts import MS_PER_HOUR, Nanos

GIB = 1024**3


class Price(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A linear price. All parts are nano-dollars and add up; `known` False means nobody told us.

    per_hour: for the whole reservation; per_gib_hour: for each GiB of reserved memory;
    per_request: once per invocation, shared by the attempts of a chunk.
    """

    per_hour: int = 0
    per_gib_hour: int = 0
    per_request: int = 0
    known: bool = True


def attempt_cost(price: Price, duration_ms: int, memory: int, share: int = 1) -> Nanos | None:
    """Cost of an attempt of `duration_ms` with `memory` bytes reserved, one of `share` in its invocation.

    None if the price is unknown. Rounds up, so that the ledger never understates.
    """
    if not price.known:
        return None
    timed = price.per_hour * duration_ms * GIB + price.per_gib_hour * memory * duration_ms
    return Nanos(-(-timed // (MS_PER_HOUR * GIB)) - (-price.per_request // max(1, share)))
