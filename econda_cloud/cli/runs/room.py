"""How the offers stand for an instance: as its broker knows it now, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from econda_cloud.cli.runs.stores import Found
from econda_cloud.money.amounts import format_usd
from econda_cloud.place.explain import Queue
from econda_cloud.place.state import Account, BrokerState, Line
from econda_cloud.record.waits import Heard, behind, group_of, heard_now
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_history import broker_history
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.grants import Fullness

GIB = 1024**3
NAMED = 5
"""Runs or instances that are named of those that hold what is full."""


@dataclass(frozen=True)
class Now:
    """How it stands now. lent_to: slots of what the instance could use, by run, who has most first. behind: instances that run
    before it in its slot.
    """

    heard: Heard
    behind: tuple[str, ...]
    lent_to: tuple[tuple[str, int], ...]


def now_of(found: Found, state: RunState, instance: str) -> Now | None:
    """Of an instance that waits for a place or has one; None for one that does neither."""
    key = _class(state, instance)
    if key is None or key not in state.demands:
        return None
    team = found.store.team
    name = f"local-{found.run}" if team is None else team.stack.team
    broker = broker_history(found.store.log, name, snapshots=found.store.blobs).refresh()
    # The broker may not have heard of the class yet, or no more.
    broker.demands.setdefault(key, state.demands[key])
    account = broker.runs.get(found.run) or Account(run=found.run, namespace=found.namespace)
    line = account.lines.get(key) or Line(demand=key, ready=0, since_ms=broker.now)
    told = Queue(broker, {(found.run, key)}).standing(account, line)
    plan = stored_plan(found.store.blobs, found.namespace, found.run)
    return Now(heard_now(plan, state, instance, told), tuple(behind(state, instance)), _lent_to(broker, told.offers))


def _class(state: RunState, instance: str) -> str | None:
    if (group := group_of(state, instance)) is not None:
        return group.demand
    return next(
        (chunk.demand for chunk in state.chunks.values() if any(item[0] == instance for item in chunk.open)), None
    )


def _lent_to(broker: BrokerState, offers: Sequence[Fullness]) -> tuple[tuple[str, int], ...]:
    useful = {each.offer for each in offers if not each.refused}
    pools = {pool.name for pool in broker.pools.values() if any(offer.name in useful for offer in pool.offers)}
    held = {
        run: sum(lent.slots for line in account.lines.values() for lent in line.lent.values() if lent.pool in pools)
        for run, account in broker.runs.items()
    }
    return tuple(sorted(((run, slots) for run, slots in held.items() if slots), key=lambda each: (-each[1], each[0])))


# In words ---------------------------------------------------------------------------------------------------------------


def lines_of(heard: Heard, *, here: bool) -> list[str]:
    """The offers, and what else keeps the instance waiting. here: all that is lent of a machine is lent to this run."""
    offers = heard.standing.offers
    lines = [f"{each.offer}: {words(each)}" for each in offers]
    open_ = [each for each in offers if not each.refused]
    if heard.own_ahead:
        lines.append(f"{_attempts(heard.own_ahead)} of this class {_were(heard.own_ahead)} ready before it")
    if heard.in_parallel is not None:
        lines.append(f"its policy lets the run have {heard.in_parallel:,} at once, and it had {heard.held:,}")
    elif any(each.free for each in open_):
        lines += _why_not_taken(heard, open_)
    if here and heard.holders and not any(each.free for each in open_):
        lines.append(f"held by {named(heard.holders, heard.held)}")
    return lines


def words(each: Fullness) -> str:
    """`full, 1,000 of 1,000 slots lent; 214 attempts wait before this class`."""
    if each.refused:
        return f"refused: {each.refused}"
    lent = [f"{each.slots[0]:,} of {each.slots[1]:,} slots"]
    lent += [
        text(used, has)
        for (used, has), text in ((each.cpu_milli, _cores), (each.memory, _memory), (each.gpu, _gpus))
        if has
    ]
    free = f"room for {each.free:,} more" if each.free else "full"
    ahead = f"; {_attempts(each.ahead)} {_wait(each.ahead)} before this class" if each.ahead else ""
    return f"{free}, lent: {', '.join(lent)}{ahead}"


def _why_not_taken(heard: Heard, open_: Sequence[Fullness]) -> list[str]:
    """Why what has room is not taken: other work is first, the budget does not pay for it, or waiting for another is better."""
    left = heard.standing.left
    if left is not None:
        return [f"its budget has {format_usd(max(0, left))} left that nothing is set aside for"]
    full = [each for each in open_ if not each.free and each.score is not None]
    best = min(full, key=lambda each: each.score or 0, default=None)
    worse = [each.offer for each in open_ if each.free and best is not None and (each.score or 0) > (best.score or 0)]
    return [f"waiting for {best.offer} is expected to cost less than {', '.join(worse)}"] if best and worse else []


def lent_words(now: Now) -> str:
    """Which runs have what is full."""
    first = ", ".join(f"{run} {slots:,}" for run, slots in now.lent_to[:NAMED])
    more = len(now.lent_to) - NAMED
    return f"slots lent to runs: {first}" + (f" and {more:,} more runs" if more > 0 else "")


def named(names: Sequence[str], all_of_them: int = 0) -> str:
    """The first few, and how many more there are."""
    more = max(len(names), all_of_them) - NAMED
    return f"{', '.join(names[:NAMED])}{f' and {more:,} more' if more > 0 else ''}"


def _attempts(number: int) -> str:
    return f"{number:,} attempt{'' if number == 1 else 's'}"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _cores(used: int, has: int) -> str:
    return f"{_number(used / 1000)} of {_number(has / 1000)} cores"


def _memory(used: int, has: int) -> str:
    return f"{_number(used / GIB)} of {_number(has / GIB)} GiB"


def _gpus(used: int, has: int) -> str:
    return f"{used:,} of {has:,} GPUs"


def _number(value: float) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if value < 100 else f"{value:,.0f}"


# As data ----------------------------------------------------------------------------------------------------------------


def offers_of(heard: Heard) -> list[dict[str, Any]]:
    """Pairs of what is lent and what there is; memory in bytes, scores in nano-dollars."""
    return [
        {"offer": each.offer, "refused": each.refused, "score": each.score, "room": each.free, "ahead": each.ahead,
         "slots_lent": each.slots[0], "slots": each.slots[1], "cpu_milli_lent": each.cpu_milli[0], "cpu_milli": each.cpu_milli[1],
         "memory_lent": each.memory[0], "memory": each.memory[1], "gpu_lent": each.gpu[0], "gpu": each.gpu[1]}
        for each in heard.standing.offers
    ]  # fmt: skip


def heard_data(heard: Heard) -> dict[str, Any]:
    return {"at_ms": heard.at_ms, "offers": offers_of(heard), "own_ahead": heard.own_ahead, "slots_held": heard.held,
            "holders": list(heard.holders), "max_parallel": heard.in_parallel, "budget_left_nanos": heard.standing.left}  # fmt: skip
