"""What all logs attribute and what is stated beside it are what the vendor bills."""

from __future__ import annotations

from fractions import Fraction

from econda_cloud.simulate.bills import HOUR_MS, Bill
from econda_cloud.wire.broken import Broken
from tests.simulation.accounts import ROUNDED_UP, Accounts


def balanced(accounts: Accounts, bill: Bill, spent: int) -> None:
    """All is over, and `spent` is what all logs attribute. Raises `Broken` if that and what is stated are not the bill."""
    for (run, item), found in accounts.spans.items():
        for span, _ in found:
            known = id(span) in accounts.told or (run, item) in accounts.given_up
            if not known:
                raise Broken(f"{item} of {run} was at work for {span.lasted_ms} ms, and nothing was booked")
    if bill.unknown_ms():
        raise Broken(f"an offer whose price nobody knows was in use for {bill.unknown_ms()} ms")
    stated = stated_of(accounts, bill)
    difference = spent + sum(stated.values()) - bill.total() / HOUR_MS
    if not 0 <= difference <= ROUNDED_UP * accounts.tally.bookings:
        raise Broken(f"attributed are {spent}, stated {stated}, billed {float(bill.total() / HOUR_MS)}")


def stated_of(accounts: Accounts, bill: Bill) -> dict[str, Fraction]:
    """Nano-dollars that are billed and not attributed, by kind; below zero what is attributed and not billed.

    prices: the vendor asks more, or counts more as reserved, than when the slots were lent. nobody told: what was at
    work and given up, beyond what is booked for it.
    """
    overhead = {kind: amount / HOUR_MS for kind, amount in bill.overhead().items()}
    overhead["requests"] -= accounts.tally.requests
    silent = sum((use.rate.hour * use.share * span.lasted_ms for found in accounts.spans.values() for span, use in found
                  if use.rate is not None and id(span) not in accounts.exact), Fraction(0))  # fmt: skip
    return overhead | {
        "prices": accounts.tally.prices / HOUR_MS,
        "nobody told": silent / HOUR_MS - accounts.tally.untold,
    }
